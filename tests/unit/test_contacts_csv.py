"""Reading somebody's CSV file, whatever program wrote it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.cells import Fault
from campaigns.columns import CONTACTS, OUTREACH, names
from campaigns.contact_rows import Row, row
from campaigns.csvfile import File
from campaigns.csvfile import read as read_as
from shared.csvtext import decode
from shared.refusal import Refusal

CANARY = "Zzyzx"


def read(data: bytes | str) -> File:
    return read_as(data, CONTACTS)


def only(file: File) -> dict[str, str]:
    (record,) = file.records
    return record.cells


def good(cells: dict[str, object]) -> Row:
    checked = row(cells)
    assert isinstance(checked, Row)
    return checked


def faults(cells: dict[str, object]) -> list[Fault]:
    checked = row(cells)
    assert isinstance(checked, list)
    assert not any(CANARY.casefold() in str(fault).casefold() for fault in checked)
    return checked


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_encoding_is_found_out(encoding: str):
    text = "name,outlet\nZoë Example,Café Radio\n" * 4
    assert decode(text.encode(encoding)).removeprefix("\ufeff") == text


def test_lines_that_end_as_on_windows_are_read_as_windows_writes_letters():
    text = "name,outlet\r\nZoë Example,Café Radio\r\n"
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_that_breaks_off_within_a_letter_is_read_as_far_as_it_goes(encoding: str):
    text = "name,outlet\nAda,Dock FM\n" * 4
    assert decode(text.encode(encoding)[:-1]).startswith(text[:-1])


def test_a_space_may_stand_before_a_quotation_mark():
    assert only(read('email, name\nada@example.org, "Example, Ada"\n'))["name"] == "Example, Ada"


def test_what_excel_writes_on_a_mac_is_read():
    text = "name;outlet\rZoë Müller;Café\r"
    assert decode(text.encode("mac_roman")) == decode(text.encode()) == text


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_one_line_of_another_encoding_spoils_no_other(mark: bytes):
    data = mark + "name\nZoë Example\n".encode() + "Café Radio\n".encode("cp1252")
    assert decode(data) == "name\nZoë Example\nCafé Radio\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(delimiter: str):
    text = f"name{delimiter}email{delimiter}genres\nAda{delimiter}ada@example.org{delimiter}indie\n"
    assert only(read(text)) == {"name": "Ada", "email": "ada@example.org", "genres": "indie"}


def test_commas_inside_quoted_headers_do_not_fool_the_delimiter():
    assert only(read('Name;E-mail;"Notes, remarks, more"\nAda;ada@example.org;x\n')) == {
        "name": "Ada",
        "email": "ada@example.org",
    }


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Full name", "name"),
        ("CONTACT", "name"),
        ("Station", "outlet"),
        ("Publication", "outlet"),
        ("Genre", "genres"),
        ("Country", "regions"),
        ("do_not_contact", "suppressed"),
        ("Website", "source_url"),
    ],
)
def test_headers_have_many_names(header: str, field: str):
    assert field in only(read(f"E-Mail,{header}\nada@example.org,x\n"))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("Vorname;Nachname;E-Mail-Adresse;Sender;Land;Abgemeldet", "Zoë;Müller;zoe@example.org;Café;DE;ja"),
        ("Vorname;Name;E-Mail;Medium;Land;Widerspruch", "Zoë;Müller;zoe@example.org;Café;DE;x"),
        ("Prénom;Nom;Adresse e-mail;Émission;Pays;Désinscrit", "Zoë;Müller;zoe@example.org;Café;DE;oui"),
        ("Nombre;Apellidos;Correo electrónico;Medio;País;Baja", "Zoë;Müller;zoe@example.org;Café;DE;sí"),
        ("Nome;Cognome;Indirizzo e-mail;Testata;Paese;Consenso", "Zoë;Müller;zoe@example.org;Café;DE;no"),
        ("Voornaam;Achternaam;E-mailadres;Zender;Land;Afgemeld", "Zoë;Müller;zoe@example.org;Café;DE;ja"),
    ],
)
def test_headers_of_other_languages_are_read_and_whoever_objected_is_known(header: str, line: str):
    file = read(f"{header}\n{line}\n")
    found = good(dict(only(file)))
    assert (found.name, found.email, found.outlet, found.regions, found.suppressed) == (
        "Zoë Müller",
        "zoe@example.org",
        "Café",
        ("DE",),
        True,
    )
    assert file.ignored == ()


def test_a_word_of_another_language_means_one_field_and_none_that_english_has():
    words = [word for words in CONTACTS.elsewhere.values() for word in words]
    assert len(words) == len(set(words))
    assert names(words) == words
    assert set(words).isdisjoint(word for english in CONTACTS.aliases.values() for word in english)


def test_of_two_columns_for_one_field_the_first_counts():
    assert only(read("email,mail\na@example.org,b@example.org\n")) == {"email": "a@example.org"}


@pytest.mark.parametrize(
    ("header", "line", "cells"),
    [
        (
            "First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value",
            "Ada,Example,Radio Nowhere,Host,* Work,ada@example.org",
            ("Ada Example", "ada@example.org", "Radio Nowhere", "Host"),
        ),
        (
            "Name,Given Name,Family Name,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name",
            "Ada Example,Ada,Example,* Work,ada@example.org,Radio Nowhere",
            ("Ada Example", "ada@example.org", "Radio Nowhere", None),
        ),
        (
            "First Name,Last Name,Company,Job Title,E-mail Address,E-mail Display Name",
            "Ada,Example,Radio Nowhere,Host,ada@example.org,Ada",
            ("Ada Example", "ada@example.org", "Radio Nowhere", "Host"),
        ),
        (
            "Title,First Name,Last Name,Suffix,Company,Job Title,E-mail Address",
            "Ms,Ada,Example,,Radio Nowhere,Host,ada@example.org",
            ("Ada Example", "ada@example.org", "Radio Nowhere", "Host"),
        ),
    ],
)
def test_address_books_are_read(header: str, line: str, cells: tuple[str | None, ...]):
    found = good(dict(only(read(f"{header}\n{line}\n"))))
    assert (found.name, found.email, found.outlet, found.role) == cells


def test_what_is_loosely_called_a_field_is_one_where_there_is_no_other():
    assert only(read("name,title\nAda,Host\n")) == {"name": "Ada", "role": "Host"}
    file = read("name,Tags,Genre\nAda,gold,synthpop\n")
    assert (only(file), file.ignored) == ({"name": "Ada", "genres": "synthpop"}, ("Tags",))


def test_tags_are_read_without_the_quotation_marks_that_mailchimp_puts_around_each():
    cells = only(read('Email Address,TAGS\nada@example.org,"""synthpop"",""indie pop"""\n'))
    assert good(dict(cells)).genres == ("synthpop", "indie pop")
    assert good({"name": "Ada", "genres": '"indie", pop; "'}).genres == ("indie", "pop", '"')


@pytest.mark.parametrize("header", ["name,Kontaktadresse", "name,email,email", "name,email,Private"])
def test_nobody_with_an_address_is_known_by_name_alone(header: str):
    """Who objected is known by the address: under a header that means nothing it must not be lost."""
    row = "Ada" + "," * header.count(",") + "ada@example.org"
    (record,) = read(f"{header}\n{row}\n").records
    rule = "stands in a column that means nothing here: call it email, or leave it out"
    assert record.faults == (Fault("email", rule),)


def test_a_further_address_beside_the_one_that_counts_is_passed_over():
    header = "name,email,E-mail 2 - Value"
    assert only(read(f"{header}\nAda,ada@example.org,a@example.org\n"))["email"] == "ada@example.org"


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("UNSUB_TIME", "2024-05-01 10:00:00"),
        ("Unsubscribed on", "1.5.2024"),
        ("Unsubscribed at", "2024-05-01T10:00:00Z"),
        ("Unsubscribed Time", "2024-05-01T10:00:00+01:00"),
        ("Opt-out date", "01/05/2024"),
        ("Opt-out date", "01-May-24"),
        ("Unsubscribed on", '"May 1, 2024 10:00 AM"'),
        ("Unsubscribed at", '"Wed, 01 May 2024 10:00:00 +0000"'),
        ("Unsubscribed on", "1. Mai 2024"),
        ("Email Opt Out", "true"),
        ("Unsubscribed from all email", "TRUE"),
        ("Suppressed", "Unsubscribed"),
        ("Do not contact", "WAHR"),
    ],
)
def test_an_objection_is_read_however_a_list_writes_it(header: str, cell: str):
    assert good(dict(only(read(f"Email Address,{header}\nada@example.org,{cell}\n")))).suppressed is True


@pytest.mark.parametrize("cell", ["May 2024", "since 2024", "never", "2 x"])
def test_what_is_no_day_is_a_fault_of_its_row(cell: str):
    found = row(dict(only(read(f"Email Address,Unsubscribed on\nada@example.org,{cell}\n"))))
    assert found == [Fault("suppressed", "is neither yes nor no")]


@pytest.mark.parametrize(
    ("cells", "suppressed"),
    [
        ("0,1", True),
        ("1,0", True),
        (",2024-05-01", True),
        ("no,Unsubscribed", True),
        ("subscribed,", False),
        ("no,perhaps", False),
        ("no,checked", True),
        (",", None),
    ],
)
def test_of_two_columns_that_say_who_objected_either_may(cells: str, suppressed: bool | None):
    file = read(f"Email,Do Not Email,Opted Out\nada@example.org,{cells}\n")
    assert good(dict(only(file))).suppressed is suppressed
    assert file.ignored == ()


@pytest.mark.parametrize(
    ("header", "cell", "suppressed"),
    [
        ("Accepts Email Marketing", "no", True),
        ("Accepts Marketing", "yes", None),
        ("Opt-In", "No", True),
        ("Opted in", "2024-05-01 10:00", None),
        ("Opt-In", "", None),
        ("Subscribed", "FALSE", True),
        ("Subscribed", "unsubscribed", True),
        ("Email Consent", "pending", None),
        ("Opt-In,Subscribed", "yes,no", True),
        ("Do Not Email,Opt-In", "no,no", True),
        ("Do Not Email,Opt-In", "yes,yes", True),
        ("Do Not Email,Opt-In", "no,yes", False),
    ],
)
def test_who_did_not_agree_to_be_written_to_has_objected_and_who_did_says_nothing_new(
    header: str, cell: str, suppressed: bool | None
):
    file = read(f"Email Address,{header}\nada@example.org,{cell}\n")
    assert good(dict(only(file))).suppressed is suppressed
    assert file.ignored == ()


def test_an_objection_in_a_column_that_means_nothing_is_not_passed_over():
    records = read("email,Status\nada@example.org,Unsubscribed\nbo@example.org,Subscribed\n").records
    assert [[fault.field for fault in record.faults] for record in records] == [["suppressed"], []]


def test_columns_that_mean_nothing_are_named():
    assert read("name,Birthday\nAda,1 May\n").ignored == ("Birthday",)


def test_lines_and_rows_without_anything_in_them_are_passed_over():
    file = read("name,email,\n\nAda,ada@example.org\n , ,\n   \nBo,bo@example.org,\n")
    assert [(record.line, record.cells["name"]) for record in file.records] == [(3, "Ada"), (6, "Bo")]
    assert file.ignored == ()


def test_remarks_empty_lines_and_a_sep_line_may_stand_above_the_header():
    file = read("# fictional\n\nsep=;\nname;email\nAda;ada@example.org\n")
    assert (file.records[0].line, file.records[0].cells["name"]) == (5, "Ada")


def test_a_file_of_the_wrong_kind_is_refused_with_the_headers_it_could_have():
    with pytest.raises(Refusal, match="known are: name, first_name") as refused:
        read(f"date,streams\n2026-01-01,{CANARY}\n")
    assert refused.value.code == "unknown_header"
    assert refused.value.message.count("name or first_name") == 1


def test_it_is_told_what_was_expected_and_what_the_file_looks_like():
    with pytest.raises(Refusal) as refused:
        read_as(f"name,e-mail,station\n{CANARY},zzyzx@example.org,x\n", OUTREACH)
    told = refused.value.message
    assert told.startswith("line 1 is no header of outreach: no column for campaign, event, at")
    assert "it looks like a file of contacts" in told
    assert CANARY not in told


def test_a_file_without_a_header_is_refused_without_quoting_it():
    with pytest.raises(Refusal) as refused:
        read(f"{CANARY},zzyzx@example.org\n")
    assert CANARY.casefold() not in refused.value.message.casefold()


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "# nothing\n"])
def test_an_empty_file_is_refused(text: str):
    with pytest.raises(Refusal, match="no header"):
        read(text)


def test_a_quoted_cell_may_hold_line_breaks_and_lines_are_still_counted():
    lines = [record.line for record in read('name,notes\nAda,"one\ntwo"\nBo,x\n').records]
    assert lines == [2, 4]


def test_a_note_as_long_as_one_may_be_is_one_cell_however_short_its_lines_are():
    note = "\n".join(f"a line of a talk, {number:03}" for number in range(227))
    (record,) = read(f'name,notes\nAda,"{note}"\n').records
    assert good(dict(record.cells)).notes == note


def test_an_open_quotation_mark_costs_its_line_only():
    records = read('name,notes\nAda,"never closed\nBo,x\nCy,y\n').records
    assert [(record.line, bool(record.faults)) for record in records] == [(2, True), (3, False), (4, False)]


def test_more_cells_than_columns_is_an_error_of_that_line():
    (record,) = read("name,email\nAda,ada@example.org,extra\n").records
    assert record.faults == (Fault(None, "3 cells, but the header has 2 columns"),)


def test_missing_and_empty_cells_at_the_end_are_fine():
    assert [len(record.faults) for record in read("name,email\nAda\nBo,,,\n").records] == [0, 0]


def test_a_nul_costs_its_row_only():
    records = read(b"name,email\nA\0da,\nBo,bo@example.org\n").records
    checked = [row(dict(record.cells)) for record in records]
    assert [type(one) for one in checked] == [list, Row]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes):
    try:
        file = read(b"name,email\n" + data)
    except Refusal:
        return
    for record in file.records:
        row(dict(record.cells))


CELL = (
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)


@given(st.lists(st.tuples(CELL, CELL), min_size=1), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_csv_writer_wrote_is_read(rows: list[tuple[str, str]], delimiter: str):
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows([("name", "notes"), *rows])
    records = read(out.getvalue()).records
    assert [(record.cells["name"], record.cells["notes"]) for record in records] == rows


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("DJ", "radio"),
        ("press", "journalist"),
        ("Journo", "journalist"),
        ("Blog", "blogger"),
        ("A&R", "label"),
    ],
)
def test_types_have_many_names(written: str, kind: str):
    assert good({"name": "Ada", "type": written}).type == kind


def test_lists_are_split_and_tidied():
    assert good({"name": "Ada", "genres": "synthpop; indie|Indie, new wave ;"}).genres == (
        "synthpop",
        "indie",
        "new wave",
    )


def test_first_and_last_name_make_a_name():
    assert good({"first_name": "Ada", "last_name": "Example"}).name == "Ada Example"


@pytest.mark.parametrize("name", ["Example", "Ada Example", "Example, Ada"])
def test_a_name_beside_a_first_name_may_be_the_last_one_or_the_whole(name: str):
    expected = "Ada Example" if name == "Example" else name
    assert good({"first_name": "Ada", "name": name}).name == expected


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "Ada Example <ada@example.org>",
        "mailto:ada@example.org",
        "MAILTO:ada@example.org?subject=Hello",
        "'ada@example.org'",
        "Ada <'ada@example.org'>",
        "\u201cada@example.org\u201d",
    ],
)
def test_an_address_may_be_dressed_up(address: str):
    assert good({"email": address}).email == "ada@example.org"


@pytest.mark.parametrize(
    "address",
    [
        "zzyzx",
        "zzyzx@",
        "@example.org",
        "zzyzx@example",
        "zzy zx@example.org",
        "a@b@c.d",
        "zzyzx@example.org/",
    ],
)
def test_what_is_no_address_is_a_fault(address: str):
    assert faults({"email": address}) == [Fault("email", "is not an e-mail address")]


def test_a_row_needs_a_name_or_an_address():
    assert faults({"outlet": "Radio Nowhere"}) == [Fault("name", "a name or an e-mail is needed")]


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ({"name": CANARY * 100}, "name"),
        ({"name": "Ada", "type": CANARY}, "type"),
        ({"name": f"{CANARY}\0"}, "name"),
        ({"name": f"{CANARY}\ud800"}, "name"),
        ({"name": "Ada", "genres": [CANARY * 100]}, "genres"),
        ({"name": "Ada", "genres": [1]}, "genres"),
        ({"name": "Ada", "genres": {CANARY: 1}}, "genres"),
        ({"name": "Ada", "genres": [f"{CANARY}\0"]}, "genres"),
        ({"name": "Ada", "genres": f"indie;{CANARY}\ud800"}, "genres"),
        ({"name": "Ada", "genres": [f"{CANARY}{number}" for number in range(51)]}, "genres"),
        ({"name": "Ada", "phone": 5}, "phone"),
        ({"name": "Ada", "email": 5}, "email"),
        ({"name": "Ada", "suppressed": CANARY}, "suppressed"),
        ({"name": "Ada", "subscriber_type": CANARY}, "subscriber_type"),
        ({"name": "Ada", "timezone": CANARY}, "timezone"),
        ({"name": "Ada", "timezone": "../../etc/passwd"}, "timezone"),
        ({"name": "Ada", CANARY: "x"}, None),
    ],
)
def test_a_fault_names_its_field_and_never_the_value(cells: dict[str, object], field: str | None):
    assert [fault.field for fault in faults(cells)] == [field]


def test_a_row_may_have_all_that_is_known_as_long_as_it_may_be():
    longest = {"name": "n" * 200, "genres": ";".join(f"{number:0100}" for number in range(50))}
    found = good({field: longest.get(field, "") for field in CONTACTS.known})
    assert (found.name, len(found.genres)) == ("n" * 200, 50)


def test_all_faults_of_a_row_are_told():
    assert {fault.field for fault in faults({"email": "zzyzx", "type": "zzyzx"})} == {"email", "type"}


def test_who_is_written_to_where_may_be_told():
    row = good({"name": "Ada", "subscriber_type": "Individual", "timezone": "Europe/London"})
    assert (row.subscriber_type, row.timezone) == ("individual", "Europe/London")


@pytest.mark.parametrize("said", ["America/New_york", "america/new york", "AMERICA/NEW_YORK"])
def test_a_time_zone_may_be_written_in_whatever_letters(said: str):
    assert good({"name": "Ada", "timezone": said}).timezone == "America/New_York"


def test_a_row_without_the_later_columns_has_the_values_it_always_had():
    assert not {"subscriber_type", "timezone"} & good({"name": "Ada"}).over(None).keys()


@pytest.mark.parametrize(
    ("written", "suppressed"),
    [
        ("yes", True),
        ("X", True),
        ("no", False),
        ("", None),
        (True, True),
        ("checked", True),
        ("\u2713", True),
        ("VERDADERO", True),
        ("Falso", False),
        ("subscribed", False),
        ("0000-00-00 00:00:00", False),
    ],
)
def test_who_must_not_be_written_to_is_marked(written: object, suppressed: bool | None):
    assert good({"name": "Ada", "suppressed": written}).suppressed is suppressed
