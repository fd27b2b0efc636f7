"""Questions in many words come to the same slots; what would have to be guessed is refused."""

from pathlib import Path

import pytest

from rig import ROOT
from shared.refusal import Refusal
from totalaud.planner.grammar import understood
from totalaud.planner.question import EXAMPLES, Question, Unread
from totalaud.planner.vocabulary import by_key, lead_times, vocabulary

WORDS = vocabulary(
    ROOT / "skills",
    outlets=["Tees Valley FM", "Radio"],
    campaigns=["Glass Coast radio", "Autumn push", "Campaign"],
    releases=["Glass Coast", "Next", "Low Tide", "Leeds"],
    artists=["Neon Harbour", "Willow & Ash"],
    genres=["Afrobeats", "indie folk", "folk", "all", "live", "Best", "radio"],
    places=["Calderdale", "any", "US"],
)
SAME_NAME = vocabulary(ROOT / "skills", campaigns=["Low Tide"], releases=["Low Tide"], artists=["Low Tide"])


TITLES = vocabulary(
    ROOT / "skills",
    outlets=["No Ripcord", "Junglist Weekly", "The Week in Sound", "This Week"],
    campaigns=["October Week"],
    releases=["Never Enough", "Three Days Without You", "Without"],
)
ACCENTS = vocabulary(
    ROOT / "skills",
    outlets=["Radio Fünf", "IŞIK FM", "Radio Łódź"],
    releases=["Grüße aus Übersee", "Nørre Lys"],
    artists=["Sigur Rós", "Björk Tribute", "Bjork Tribute", "Cafe Noir", "Motorhood"],
    places=["Köln"],
)


def read(text) -> Question | Unread:
    return understood(text, WORDS)


@pytest.mark.parametrize(("intent", "text"), EXAMPLES)
def test_every_example_is_understood(intent, text):
    assert read(text).intent == intent


@pytest.mark.parametrize(
    "text",
    [
        "Find me UK indie radio DJs who like synthpop",
        "find me uk indie radio djs who like synthpop",
        "Find us UK indie radio DJs who like Synth-Pop, please.",
        "Which radio DJs in the UK play indie and synth pop?",
        "Who are the indie radio presenters in Great Britain that love synthpop?",
        "UK indie radio DJs who like synthpop",
        "I'm looking for UK radio DJs into indie, synthpop",
        "Can you find some indie synthpop DJs from the United Kingdom?",
        "Show me the best UK indie radio DJs for synthpop",
    ],
)
def test_the_first_question_may_be_put_in_many_ways(text):
    found = read(text)
    assert (found.intent, found.type) == ("find", "radio")
    assert set(found.genres) == {"indie", "synthpop"}
    assert len(found.regions) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Write a pitch for my new single to BBC Radio 6",
        "write a pitch for my new single to BBC Radio 6 Music",
        "Draft a pitch to BBC 6 Music for my new single",
        "Pitch my new single to 6 Music",
        "Could you write an email about my next single to BBC Radio 6, please?",
        "Compose a short, friendly message to BBC6 for my upcoming single",
    ],
)
def test_the_second_question_may_be_put_in_many_ways(text):
    found = read(text)
    assert (found.intent, found.outlet, found.release_type) == ("pitch", "BBC Radio 6 Music", "single")


@pytest.mark.parametrize(
    "text",
    [
        "How is my campaign performing this week?",
        "How's my campaign doing this week",
        "How is the campaign going?",
        "Show me the results of my campaign",
        "What is the status of my campaign?",
        "How are my pitches performing over the last 7 days?",
        "Tell us how our outreach is doing this week",
    ],
)
def test_the_third_question_may_be_put_in_many_ways(text):
    found = read(text)
    assert (found.intent, found.window in {None, "7d"}) == ("performance", True)


@pytest.mark.parametrize(
    "text",
    [
        "What's working best for artists like me?",
        "What\u2019s working for artists like me",
        "What is working best for bands like us?",
        "What works for musicians like me?",
        "Which pitches work best for other artists?",
        "How do I compare with other artists?",
    ],
)
def test_the_fourth_question_may_be_put_in_many_ways(text):
    found = read(text)
    assert (found.intent, found.cohort) == ("patterns", True)


def test_one_s_own_results_are_another_question_than_the_cohort_s():
    assert not read("What's working best for me?").cohort


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("How is my campaign performing this month?", "28d"),
        ("How has my campaign performed in the last 28 days?", "28d"),
        ("How is my campaign going so far?", "all"),
        ("How is my campaign doing overall?", "all"),
    ],
)
def test_a_span_of_time_is_one_of_three(text, window):
    assert read(text).window == window


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("How did my campaign do since 2025?", "2025"),
        ("How did my campaign do on 2026-10-01?", "2026-10-01"),
        ("How did my campaign do on 12/01?", "12/01"),
        ("Report since 1.10.2026", "1.10.2026"),
        ("What worked for me in 2025?", "2025"),
        ("Plan a campaign for 12/01/2027", "12/01/2027"),
        ("Plan my release on the 31st", "the 31st"),
        ("Which opportunities are open until 2027-01?", "2027-01"),
        ("How did my campaign do last summer?", "summer"),
        ("How did my campaign do since Sept?", "since sept"),
        ("How did my campaign do tonight?", "tonight"),
        ("How did my campaign do the week before last?", "week before last"),
        ("How did my campaign do a month ago?", "month ago"),
        ("How did my campaign do since the release?", "since the release"),
        ("Report on week 53", "week 53"),
    ],
)
def test_a_time_that_no_answer_can_be_narrowed_to_is_named_whole(text, named):
    found = read(text)
    assert isinstance(found, Unread)
    assert f"“{named}”" in found.reason
    assert "time can be said here" in found.reason or "the last 7 days" in found.reason


def test_what_to_do_is_told_of_now_alone():
    found = read("What should I do tomorrow?")
    assert isinstance(found, Unread)
    assert found.reason == "I say what there is to do now, not at another time such as “tomorrow”"


@pytest.mark.parametrize(
    "text",
    [
        "Plan my single, 4 hours each week",
        "Find 20 synthpop radio contacts",
        "Write a pitch for the 2nd single to BBC Radio 6",
    ],
)
def test_other_numbers_are_no_dates(text):
    assert isinstance(read(text), Question)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Give me a report of Glass Coast", (None, "Glass Coast", None, None, None)),
        ("Give me a report on Autumn push", ("Autumn push", None, None, None, None)),
        ("Write the weekly report on my campaign", (None, None, "7d", None, None)),
        ("A detailed report for the label, please", (None, None, None, "label", "detailed")),
        ("I need a brief monthly report for my publicist", (None, None, "28d", "pr", "brief")),
        ("Show us the full report so far", (None, None, "all", None, "detailed")),
    ],
)
def test_a_report_is_asked_for_by_campaign_or_release_span_reader_and_length(text, slots):
    found = read(text)
    assert found.intent == "report"
    assert (found.campaign, found.release, found.window, found.audience, found.detail) == slots


def test_hours_and_money_are_read_with_their_units():
    found = read("Plan my new single, radio and blogs, £100, 4 hours a week")
    assert (found.hours_per_week, found.budget, found.channels) == (4, 100, ("radio", "online_press"))


def test_the_user_s_own_names_are_known():
    assert read("Pitch Glass Coast to Tees Valley FM").release == "Glass Coast"
    assert read("How is the Glass Coast radio campaign doing?").campaign == "Glass Coast radio"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Write a pitch for Low Tide to BBC Radio 6", "release"),
        ("Plan Low Tide, 4 hours a week", "release"),
        ("Suggest hashtags for Low Tide on Instagram", "release"),
        ("Find opportunities for Low Tide", "release"),
        ("How is Low Tide doing?", "campaign"),
        ("Give me a report of Low Tide", "campaign"),
        ("What should Low Tide do next?", "campaign"),
        ("What's working best for artists like Low Tide?", "artist"),
    ],
)
def test_a_name_that_a_campaign_a_release_and_an_artist_share_means_what_the_question_can_use(text, meant):
    found = understood(text, SAME_NAME)
    assert {slot for slot in ("campaign", "release", "artist") if getattr(found, slot)} == {meant}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Write a press release for Neon Harbour's new single", "press"),
        ("How is Neon Harbour doing this month?", "performance"),
        ("A report for Neon Harbour, please", "report"),
        ("Pitch Neon Harbour to BBC6", "pitch"),
        ("What should Neon Harbour do next?", "next"),
        ("What's working for Neon Harbour?", "patterns"),
    ],
)
def test_one_of_several_artists_may_be_named(text, intent):
    found = read(text)
    assert (found.intent, found.artist) == (intent, "Neon Harbour")


@pytest.mark.parametrize("text", ["Pitch Willow & Ash to BBC6", "Pitch Willow and Ash's single to BBC6"])
def test_an_and_in_a_name_may_be_a_sign(text):
    assert read(text).artist == "Willow & Ash"


def test_a_release_named_like_a_place_does_not_hide_the_place():
    assert read("Find folk DJs in Leeds").regions == ("leeds",)


def test_genres_and_places_of_one_s_own_contacts_are_known():
    found = read("Find afrobeats DJs in Calderdale")
    assert (found.genres, found.regions) == (("Afrobeats",), ("Calderdale",))


def test_a_genre_or_place_of_a_contact_that_is_a_plain_word_hides_no_word():
    assert read("Find me all of the best folk radio DJs, any in the US").genres == ("folk",)
    assert read("Plan my new single, radio and live").channels == ("radio", "live")


def test_a_genre_made_of_known_ones_is_read_as_these():
    assert set(read("Find indie folk DJs").genres) == {"indie", "folk"}


def test_a_number_says_how_many_contacts():
    assert read("Find me the top 3 UK folk DJs").limit == 3
    assert read("Pitch Glass Coast to 5 folk DJs").limit == 5


def test_names_are_told_in_the_order_in_which_they_were_said():
    assert read("Find folk and dream pop DJs").genres == ("folk", "dream pop")


def test_who_likes_a_genre_may_be_at_an_outlet_that_is_named():
    found = read("Find DJs at BBC Radio 6 who like folk")
    assert (found.outlet, found.genres) == ("BBC Radio 6 Music", ("folk",))


def test_a_cohort_may_be_that_of_a_genre():
    found = read("What's working best for folk artists like me?")
    assert (found.cohort, found.genres) == (True, ("folk",))


@pytest.mark.parametrize(
    "text",
    [
        "Write a press release for my new single for journalists",
        "Suggest hashtags for my new single on TikTok for radio",
    ],
)
def test_whom_a_text_is_for_narrows_nothing(text):
    assert isinstance(read(text), Question)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("Plan my new single, £1,000", 1000),
        ("Plan my new single, £1.5k", 1500),
        ("Plan my new single, 12,500.50 pounds", 12500.5),
        ("Plan my new single, £80", 80),
        ("Plan my new single with a 500 pound budget", 500),
        ("Plan my new single, €1.000", 1000),
        ("Plan my new single with a budget of 1.500 euros", 1500),
        ("Plan my new single with a budget of 1.5k euros", 1500),
        ("Plan my new single with a budget of 1.250k euros", 1250),
        ("Plan my new single, budget 200", 200),
        ("Plan my new single, budget: 200 pounds", 200),
    ],
)
def test_thousands_are_read_whole(text, budget):
    found = read(text)
    assert (found.budget, found.unused) == (budget, ())


@pytest.mark.parametrize(
    ("money", "currency"), [("£50", "£"), ("€ 1.5k", "€"), ("50 euros", "euros"), ("50 gbp", "gbp")]
)
def test_an_amount_says_what_it_is_counted_in(money, currency):
    assert read(f"Find festivals under {money}").currency == currency


def test_a_thousand_is_no_currency():
    asked = read("Find festivals, budget 2k")
    assert (asked.budget, asked.currency) == (2000, None)


@pytest.mark.parametrize(
    "text", ["How is campaign 5 going?", "Give me a report on campaign 12 for the label"]
)
def test_a_campaign_of_a_number_that_is_not_there_is_not_another_one(text):
    assert "I do not know" in read(text).reason


@pytest.mark.parametrize("money", ["-£50", "£-50", "£1,5", "£1,0000"])
def test_an_amount_that_is_none_is_no_budget(money):
    assert read(f"Plan my new single, {money}").budget is None


@pytest.mark.parametrize(
    "text", ["Find festivals under £50", "Plan my new single, budget £50", "Find grants, £50 max"]
)
def test_a_word_that_says_what_the_amount_is_has_been_understood(text):
    found = read(text)
    assert (found.budget, found.unused) == (50, ())


@pytest.mark.parametrize(
    ("words", "channels"),
    [
        ("DJs and bloggers", ("radio", "online_press")),
        ("playlist and socials", ("spotify", "apple", "amazon", "curators", "social")),
    ],
)
def test_a_plan_is_for_the_channels_whose_people_are_named(words, channels):
    assert read(f"Plan my new single, {words}").channels == channels


def test_a_release_that_is_named_may_be_told_with_another():
    found = read("Write a press release for Glass Coast, the first single of my album")
    assert (found.intent, found.release) == ("press", "Glass Coast")


def test_kinds_of_opportunities_are_read():
    found = read("Find free festivals and grants for my single")
    assert (found.kinds, found.budget) == (("festival", "funding"), 0)


@pytest.mark.parametrize(
    ("word", "tone"), [("short", "brief"), ("playful", "playful"), ("formal", "professional")]
)
def test_a_pitch_has_the_tone_that_was_asked_for(word, tone):
    assert read(f"Write a {word} pitch for Glass Coast to BBC6").tone == tone


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("When should I pitch my new single to radio?", "timing"),
        ("What are the best times to email journalists?", "timing"),
        ("What day should I pitch radio?", "timing"),
        ("Write a report on how my campaign is doing", "report"),
        ("How should I plan my campaign for Glass Coast?", "plan"),
        ("How's the reply rate of my campaign?", "answers"),
        ("Which artists are similar to Neon Harbour?", "similar"),
        ("Who is my main competition?", "similar"),
        ("Are my streams rising?", "trends"),
        ("What's trending in folk?", "trends"),
        ("How long do replies take?", "answers"),
        ("Which genres reply most?", "answers"),
    ],
)
def test_of_two_readings_the_one_that_says_more_counts(text, intent):
    assert read(text).intent == intent


@pytest.mark.parametrize(
    ("text", "by"),
    [("What reply rate do I get by genre?", "genre"), ("Which days get most answers?", "weekday")],
)
def test_answers_are_grouped_by_what_was_asked(text, by):
    assert read(text).group_by == by


@pytest.mark.parametrize(
    "text",
    ["Who should I follow up with?", "What follow-ups are due?", "Which follow ups should I do next?"],
)
def test_whom_to_follow_up_is_told_with_the_campaign(text):
    assert (read(text).intent, read(text).unused) == ("performance", ())


def test_which_asks_of_a_campaign_that_is_named():
    assert read("Which results does Autumn push have?").campaign == "Autumn push"


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Write a pitch for Never Enough to No Ripcord", ("Never Enough", "No Ripcord", None, None)),
        ("Pitch Never Enough to Junglist Weekly", ("Never Enough", "Junglist Weekly", None, None)),
        ("Pitch Never Enough to The Week in Sound", ("Never Enough", "The Week in Sound", None, None)),
        (
            "Suggest hashtags for Three Days Without You on TikTok",
            ("Three Days Without You", None, None, None),
        ),
        ("How is October Week doing?", (None, None, "October Week", None)),
        ("How is October Week doing this week?", (None, None, "October Week", "7d")),
    ],
)
def test_a_name_may_hold_words_that_say_a_time_or_turn_a_question_round(text, slots):
    found = understood(text, TITLES)
    assert (found.release, found.outlet, found.campaign, found.window) == slots


@pytest.mark.parametrize("text", ["Pitch Never Enough to folk radio without London", "Find no folk DJs"])
def test_a_name_that_alone_turns_a_question_round_does_not_hide_the_word(text):
    assert "say what is wanted" in understood(text, TITLES).reason


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Write a pitch for Grusse aus Ubersee to Radio Funf", ("Grüße aus Übersee", "Radio Fünf", None)),
        ("Write a pitch for Gruesse aus Uebersee to Radio Fuenf", ("Grüße aus Übersee", "Radio Fünf", None)),
        (
            "Write a pitch for Gru\u0308ße aus U\u0308bersee to Radio Fünf",
            ("Grüße aus Übersee", "Radio Fünf", None),
        ),
        ("Write a pitch for Norre Lys to I\u015f\u0131k FM", ("Nørre Lys", "IŞIK FM", None)),
        ("Write a pitch for Noerre Lys to Isik FM", ("Nørre Lys", "IŞIK FM", None)),
        ("Write a pitch for NØRRE LYS to Radio Lodz", ("Nørre Lys", "Radio Łódź", None)),
        ("Write a press release for Sigur Ros", (None, None, "Sigur Rós")),
        ("Write a press release for Bjork Tribute", (None, None, "Bjork Tribute")),
        ("Write a press release for Björk Tribute", (None, None, "Björk Tribute")),
        ("Write a press release for Café Noir", (None, None, "Cafe Noir")),
        ("Write a press release for Motörhood", (None, None, "Motorhood")),
    ],
)
def test_a_name_may_be_written_without_its_accents(text, slots):
    found = understood(text, ACCENTS)
    assert (found.release, found.outlet, found.artist) == slots


def test_a_place_may_be_written_without_its_umlaut():
    assert {understood(f"Find DJs in {said}", ACCENTS).regions for said in ("Köln", "Koeln", "Koln")} == {
        ("Köln",)
    }


def test_one_campaign_is_meant_where_there_is_but_one():
    one = vocabulary(ROOT / "skills", campaigns=["Spring"])
    assert understood("How are my campaigns doing?", one).intent == "performance"
    assert "totalaud campaigns list" in read("Report on all my campaigns").reason


@pytest.mark.parametrize(
    "text",
    [
        "Which campaign did best?",
        "Which of my campaigns performed best?",
        "How are all my campaigns doing?",
        "What reply rate do I get by campaign?",
        "Compare my campaigns",
        "Which campaign got most replies?",
    ],
)
def test_campaigns_are_compared_by_who_answers(text):
    found = read(text)
    assert (found.intent, found.group_by, found.compared, found.unused) == ("answers", "campaign", (), ())


@pytest.mark.parametrize(
    "text",
    [
        "Compare Glass Coast with Autumn push",
        "How did Glass Coast do compared to Autumn push?",
        "Which did better, Glass Coast or Autumn push?",
        "Glass Coast versus Autumn push",
        "How are Glass Coast and Autumn push doing?",
    ],
)
def test_campaigns_and_releases_that_are_named_are_compared(text):
    found = read(text)
    assert (found.intent, found.group_by) == ("answers", "campaign")
    assert set(found.compared) == {("campaign", "Autumn push"), ("release", "Glass Coast")}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Which release did best?", None),
        ("Which of my releases did best?", None),
        ("Which single got most replies?", "single"),
        ("Which of my albums performed better?", "album"),
        ("What reply rate do I get for each single?", "single"),
        ("Compare my singles", "single"),
    ],
)
def test_releases_are_compared_by_who_answers_their_campaigns(text, kind):
    found = read(text)
    assert (found.intent, found.group_by, found.release_type) == ("answers", "release", kind)
    assert (found.compared, found.unused) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "Which single has most streams?",
        "Which release got the most listeners?",
        "What is the best way to promote my songs?",
        "What releases do I have coming up?",
        "Which track should I pitch?",
        "How do my songs compare with other artists?",
    ],
)
def test_releases_are_not_compared_by_what_no_campaign_has(text):
    found = read(text)
    assert isinstance(found, Unread) or found.intent != "answers"


def test_one_s_own_campaigns_are_not_compared_where_others_are_meant():
    assert read("Compare my campaigns with other artists").intent == "patterns"
    assert read("What reply rate does my campaign get?").group_by is None


@pytest.mark.parametrize(
    "text",
    [
        "How did my pitch for Glass Coast to Tees Valley FM do?",
        "Did I pitch Glass Coast to Tees Valley FM?",
        "Has Tees Valley FM answered my pitch for Glass Coast?",
        "Which contacts at Tees Valley FM did I pitch for Glass Coast?",
        "Who answered my pitch for Glass Coast at Tees Valley FM?",
        "Did I draft an email about Glass Coast to Tees Valley FM?",
    ],
)
def test_nothing_is_written_for_who_asks_what_was_written(text):
    assert "'totalaud outreach list'" in read(text).reason


@pytest.mark.parametrize(
    "text",
    [
        "Should I pitch Tees Valley FM?",
        "Is it too early to pitch Glass Coast to Tees Valley FM?",
        "Does it make sense to pitch Tees Valley FM?",
        "Can I email Tees Valley FM again?",
        "Remind me to email Tees Valley FM",
        "Is it wise to write a press release for Glass Coast?",
    ],
)
def test_nothing_is_written_for_who_asks_whether_to_write(text):
    assert isinstance(read(text), Unread)


@pytest.mark.parametrize(
    "text",
    [
        "How do I pitch to Radio X?",
        "How should I pitch Glass Coast to Tees Valley FM?",
        "How to write a press release for my single",
        "How would you write a pitch for my single to BBC Radio 6?",
    ],
)
def test_nothing_is_written_for_who_asks_how_to_write(text):
    assert "“Write a pitch for my new single to BBC Radio 6” writes one" in read(text).reason


def test_words_that_say_how_to_write_are_told_and_left_out():
    assert read("Write a heartfelt pitch for Glass Coast to Tees Valley FM").unused == ("heartfelt",)


@pytest.mark.parametrize(
    "text",
    [
        "Pitch to Tees Valley FM",
        "Pitch Tees Valley FM",
        "Email Tees Valley FM",
        "I'd like to write to Tees Valley FM",
        "Could you email Tees Valley FM?",
    ],
)
def test_an_outlet_to_write_to_needs_no_release_beside_it(text):
    found = read(text)
    assert (found.intent, found.outlet, found.unused) == ("pitch", "Tees Valley FM", ())


@pytest.mark.parametrize("text", ["Pitch to folk blogs in Leeds", "Please email UK folk blogs"])
def test_so_need_contacts_of_a_kind_none(text):
    found = read(text)
    assert (found.intent, found.type, found.genres) == ("pitch", "blogger", ("folk",))


@pytest.mark.parametrize("text", ["Write to mara@example.org about Glass Coast", "Email mara@example.org"])
def test_so_does_an_address(text):
    assert (read(text).intent, read(text).contact) == ("pitch", "mara@example.org")


@pytest.mark.parametrize("text", ["Who writes at Tees Valley FM?", "Who do I know at Tees Valley FM?"])
def test_who_is_at_an_outlet_is_looked_up_not_written_to(text):
    found = read(text)
    assert isinstance(found, Unread) or (found.intent, found.outlet) == ("find", "Tees Valley FM")


@pytest.mark.parametrize(
    "text",
    [
        "Who should hear my new single?",
        "Who should I pitch my new single to?",
        "Which contacts should I email about my single?",
        "Which outlets should I pitch my single to?",
    ],
)
def test_whom_to_pitch_may_be_asked(text):
    found = read(text)
    assert (found.intent, found.release_type, found.unused) == ("whom", "single", ())


@pytest.mark.parametrize(
    "text",
    [
        "Who hasn't answered?",
        "Who has not replied yet?",
        "Which contacts haven\u2019t answered my campaign yet?",
        "Who didn't respond to Autumn push?",
    ],
)
def test_who_is_silent_is_told_with_the_campaign(text):
    assert (read(text).intent, read(text).unused) == ("performance", ())


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Find folk DJs in Leeds, UK", ("leeds",)),
        ("Find folk DJs in Leeds, England", ("leeds",)),
        ("Leeds UK folk DJs", ("leeds",)),
        ("Find folk DJs in Leeds and the UK", ("leeds", "uk")),
        ("Find folk DJs in London, Berlin", ("london", "berlin")),
        ("Find folk DJs in London, Germany and France", ("london", "germany", "france")),
    ],
)
def test_a_place_beside_another_may_only_say_where_it_lies(text, places):
    assert read(text).regions == places


def test_a_country_may_be_said_by_who_lives_there():
    assert read("Which German folk DJs are there?").regions == ("germany",)
    own = vocabulary(ROOT / "skills", genres=["Irish folk"])
    found = understood("Find Irish folk DJs in the UK", own)
    assert (found.genres, found.regions) == (("Irish folk",), ("uk",))


def test_a_place_of_a_known_name_elsewhere_is_asked_about():
    assert "I know another newcastle" in read("Find folk DJs in Newcastle, Calderdale").reason


def test_how_many_contacts_may_be_said_in_a_word():
    assert read("Find me ten UK folk DJs").limit == 10


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("Is my campaign doing better than last month?", "28d"),
        ("How is Autumn push doing this month compared to last month?", "28d"),
        ("How is my campaign doing this week compared with last week?", "7d"),
        ("How many people replied this month?", "28d"),
    ],
)
def test_a_campaign_is_set_beside_the_time_before_anyway(text, window):
    found = read(text)
    assert (found.intent, found.window, found.unused) == ("performance", window, ())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("What should I do today?", "next"),
        ("What should I do this week?", "next"),
        ("What is due this week?", "next"),
        ("Has anybody replied?", "performance"),
        ("Did anyone answer this week?", "performance"),
        ("What should I do first?", "next"),
        ("Are my streams going up?", "trends"),
        ("How are my streams doing?", "trends"),
        ("Is my follower count going up?", "trends"),
        ("Who sounds like Neon Harbour?", "similar"),
        ("Who is similar to us?", "similar"),
        ("Who in the UK likes folk?", "find"),
        ("Who plays folk in Leeds?", "find"),
        ("Give me a summary of Glass Coast radio", "report"),
        ("A recap of this month", "report"),
        ("Any deadlines coming up?", "opportunities"),
        ("Which kind of contact answers most?", "answers"),
        ("Who will answer my campaign?", "predict"),
        ("How many replies will I get?", "predict"),
        ("How do I compare with similar artists?", "patterns"),
        ("Which artists are like Neon Harbour?", "similar"),
        ("How many folk DJs do I have in the UK?", "find"),
    ],
)
def test_what_people_ask_in_their_week_is_read(text, intent):
    found = read(text)
    assert (found.intent, found.unused) == (intent, ())


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("Which contacts answered?", "outreach list"),
        ("Who replied to Glass Coast?", "outreach list"),
        ("What did Quill say?", "outreach list"),
        ("Who has unsubscribed?", "contacts list"),
        ("Find me the e-mail address of Quill", "contacts list"),
        ("Which UK radio DJs played Glass Coast?", "outreach list"),
        ("What did it cost?", "budget get"),
        ("What releases do I have coming up?", "releases list"),
        ("Show me my campaigns", "campaigns list"),
        ("Remove mara@example.org", "contacts erase ADDRESS"),
        ("Stop writing to mara@example.org", "contacts suppress ADDRESS"),
    ],
)
def test_what_no_plan_answers_may_be_told_by_a_command(text, command):
    assert f"'totalaud {command}'" in read(text).reason


def test_why_opens_are_not_told_is_said():
    assert "opens are not counted" in read("What is my open rate?").reason


def test_a_kind_of_release_says_which_campaign():
    asked = (
        "How is the campaign for my EP doing?",
        "How likely is my EP to get an answer?",
        "Report on my EP",
    )
    assert {read(text).release_type for text in asked} == {"ep"}


@pytest.mark.parametrize(
    "text",
    [
        "Which journalists in the UK write about folk?",
        "Find UK journalists writing about folk",
        "Find UK journalists that cover folk",
        "Which UK journalists review folk?",
    ],
)
def test_what_people_write_about_is_what_they_are_found_by(text):
    found = read(text)
    assert (found.intent, found.type, found.genres) == ("find", "journalist", ("folk",))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Press release for my single, please", "press"),
        ("When should I send the press release for my single?", "timing"),
        ("Send me a report of Autumn push", "report"),
        ("Write an email about my single to BBC Radio 6", "pitch"),
        ("Hashtags for my single on Tik Tok", "hashtags"),
        ("Which type of contacts answers best?", "answers"),
        ("Find me somebody at Tees Valley FM", "find"),
        ("Which folk DJs are at Tees Valley FM?", "find"),
    ],
)
def test_more_ways_to_ask(text, intent):
    assert (read(text).intent, read(text).unused) == (intent, () if intent != "timing" else ("pressrelease",))


def test_a_title_is_no_wish_for_what_costs_nothing():
    titled = vocabulary(ROOT / "skills", releases=["Born Free"])
    assert understood("Find opportunities for Born Free", titled).budget is None


def test_a_name_that_is_a_plain_word_does_not_hide_the_word():
    assert read("What should I do next?").intent == "next"
    assert read("How is my campaign doing?").campaign is None


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("Who is most likely to answer my campaign?", "replied"),
        ("Predict who will respond to my Glass Coast radio campaign", "replied"),
        ("How likely is Tees Valley FM to reply?", "replied"),
        ("What are the chances of success of Autumn push?", "replied"),
        ("How likely is a positive answer to my campaign?", "positive"),
        ("Which UK folk DJs will probably be interested?", "positive"),
        ("How likely is Tees Valley FM to place Glass Coast?", "placed"),
        ("Which UK playlist curators are most likely to place my single?", "placed"),
    ],
)
def test_a_prediction_may_be_asked_for_in_many_ways(text, outcome):
    found = read(text)
    assert (found.intent, found.outcome, found.unused) == ("predict", outcome, ())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Find mara@example.org", "find"),
        ("Who is mara@example.org?", "find"),
        ("mara@example.org", "find"),
        ("Write a pitch for Glass Coast to Mara@Example.org.", "pitch"),
        ("How likely is <mara@example.org> to answer?", "predict"),
        ("What are mara@example.org\u2019s chances of success?", "predict"),
        ("When should I write to mailto:mara@example.org?", "timing"),
    ],
)
def test_a_contact_may_be_named_by_e_mail_address(text, intent):
    found = read(text)
    assert (found.intent, found.contact.casefold(), found.unused) == (intent, "mara@example.org", ())
    assert "mara" not in repr(found).casefold()


@pytest.mark.parametrize(
    "text",
    [
        "Find mara@example",
        "Find mara@example..org and polka",
        "Find mara@example.org and mara@example.com",
        "How is mara@example.org performing?",
        "Write a pitch for Glass Coast to mara@example.org at Tees Valley FM",
        "Find mara@example.org who plays polka",
    ],
)
def test_a_question_that_is_refused_repeats_no_part_of_an_address(text):
    found = read(text)
    assert isinstance(found, Unread)
    assert not [part for part in ("mara", "example", "org") if part in found.reason]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "there is no question"),
        ("How likely is BBC6 to play my single?", "what would be a success?"),
        ("How likely is Tees Valley FM to answer folk?", "not both"),
        ("Which polka DJs are likely to answer?", "polka"),
        ("How likely are mara@example.org and owen to answer?", "owen"),
        ("Which outlets are likely to answer?", "this asks for answers and predict"),
        ("?!", "there is no question"),
        ("What is the weather like?", "not one of the questions"),
        ("asdf", "not one of the questions"),
        ("Tell me a joke", "not one of the questions"),
        ("Write to my radio DJs", "to whom?"),
        ("How is folk doing?", "not one of the questions"),
        ("How likely is Radio X to be interested or place it?", "one outcome at a time: positive or placed"),
        ("Suggest hashtags for my single on TikTok in two hours", "such as “hours”"),
        ("Pitch my single to radio DJs", "to whom?"),
        ("Pitch my single to folk people", "to whom?"),
        ("word " * 61, "too long"),
        ("1" * 4_001, "too long"),
        ("word " * 60, "not one of the questions"),
        ("Find radio DJs who don't like synthpop", "dont"),
        ("Find UK radio DJs except synthpop", "except"),
        ("Find radio DJs in Atlantis who like synthpop", "atlantis"),
        ("Find radio DJs who like polka", "polka"),
        ("How did my campaign do in the last 3 months?", "3 months"),
        ("Find folk DJs like BBC Radio 6", "who is at BBC Radio 6 Music"),
        ("Find podcasts about Tees Valley FM", "who is at Tees Valley FM"),
        ("Plan my new single with 5 hours", "how many hours a week"),
        ("Plan my new single, two hours per day", "how many hours a week"),
        ("Give me a quarterly report", "not at “quarterly”"),
        ("What didn't work?", "didnt"),
        ("What hasn\u2019t worked for artists like me?", "hasnt"),
        ("What is working worst?", "worst"),
        ("Plan my single for next Friday", "'totalaud releases plan' sets the day"),
        ("Find festivals until January", "'totalaud opportunities list' has the deadlines"),
        ("Find folk DJs I wrote to on Monday", "no time can be said here, such as “monday”"),
        ("Which grants close this month?", "“this month”: 'totalaud opportunities list' has the deadlines"),
        ("Show me all my contacts", "totalaud contacts list"),
        ("How is my campaign performing over the past two weeks?", "two weeks"),
        ("Find me UK gqom DJs", "gqom"),
        ("Find me folk DJs in the north of England", "north"),
        ("Find folk DJs outside the UK", "outside"),
        ("Write a pitch for Glass Coast to female folk DJs", "female"),
        ("Pitch Glass Coast to 20 folk DJs", "at most 5"),
        ("Find folk DJs like Neon Harbour", "narrowed by artist"),
        ("How are Neon Harbour and Willow & Ash doing?", "one artist"),
        ("Find radio DJs", "name a genre, a place or an outlet"),
        ("Find UK sponsors who like synthpop", "not one of the questions"),
        ("Find UK radio DJs and podcasts who like synthpop", "one kind of contact"),
        ("Delete the radio DJs who like synthpop", "do not delete"),
        ("Send my pitch to BBC Radio 6", "do not send"),
        ("Write a pitch for my new single", "to whom"),
        ("Write a pitch for my new single to Jane Example", "jane"),
        ("Write a pitch for my new single to BBC Radio 6 and Radio X", "one outlet"),
        ("How is my campaign performing and what's working best for artists like me?", "one question"),
        ("How did my campaign perform yesterday?", "yesterday"),
        ("How is my campaign performing for BBC Radio 6?", "narrowed by outlet"),
        ("How is my radio campaign performing?", "narrowed by type"),
        ("Write a report on my radio campaign", "narrowed by type"),
        ("A report on my journalists for the label, please", "narrowed by type"),
        ("How are radio and podcasts doing in my campaign?", "one kind of contact"),
        ("Find radio and podcast opportunities and festivals", "narrowed by type"),
        ("Plan my new single for journalists and podcasts", "narrowed by type"),
        ("Plan my new single, labels and venues", "one kind of contact"),
        ("Which pitches worked for folk?", "narrowed by genres"),
        ("Write a press release for my album and my single", "one release"),
        ("Suggest hashtags for Glass Coast on TikTok and Instagram", "one platform"),
        ("What reply rate do I get by genre and by region?", "one grouping"),
        ("Compare Glass Coast with Autumn push by outlet", "one grouping"),
        ("Which contacts are best for my campaigns?", "name a genre"),
        ("Which song should I pitch?", "not one of the questions"),
        ("Which campaign needs a follow-up?", "one campaign"),
        ("Find 5 or 10 folk DJs", "these words: 10"),
        ("Find festivals for more than £50", "the most that may be spent"),
        ("Find funding over 500 pounds", "the most that may be spent"),
        ("Find festivals between £20 and £50", "the most that may be spent"),
        ("Plan my new single, £100 for radio and £50 for blogs", "the most that may be spent"),
        ("How is my campaign performing, 4 hours a week?", "narrowed by hours"),
        ("Report on Glass Coast radio and Autumn push", "one campaign"),
        ("Suggest hashtags for my new single", "which platform? bluesky, instagram, tiktok, x, youtube"),
        ("Give me a report of Atlantis", "atlantis"),
        ("Give me a report of my campaign to BBC Radio 6", "narrowed by outlet"),
        ("Is Peter a good contact for synthpop?", "peter"),
        ("Wie läuft meine Kampagne?", "not one of the questions"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text, why):
    found = read(text)
    assert isinstance(found, Unread)
    assert why in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "Write a pitch for Glass Coast to Quill Inkwell",
        "Pitch my new single to Quillon",
        "Email Quill about my new single",
        "How likely is it that Quill answers?",
    ],
)
def test_whoever_is_named_by_name_is_asked_for_by_outlet_or_address(text):
    assert read(text).reason.endswith("; a contact is named by outlet or e-mail address")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Find UK radio DJs who like synthpopp", "synthpop"),
        ("Find UK radoi DJs for folk", "radio"),
        ("How is my campagin doing?", "campaign"),
        ("Suggest hashtgas for my single on TikTok", "hashtags"),
        ("Plan my new single for Autum push", None),
        ("Suggest hashtags for my single on Instragram", "instagram"),
        ("Write a pitch for Glas Coast to Tees Valley FM", None),
        ("Why is nobody answering?", None),
        ("Who replied to my last campaign?", None),
        ("Find folk DJs in Calderdal", "Calderdale"),
        ("What is the weather?", None),
        ("Tell me a joke", None),
    ],
)
def test_a_word_that_is_nearly_a_known_one_is_asked_about(text, meant):
    found = read(text)
    assert isinstance(found, Unread)
    assert ("did you mean" in found.reason) == (meant is not None)
    assert meant is None or f"did you mean “{meant}”?" in found.reason


@pytest.mark.parametrize(
    "text",
    [
        "How is my campaign performing this week, Sarah?",
        "Write a pitch for my new single to BBC Radio 6, Sarah",
        "Write a pitch for my new single to mara@example.org, Sarah",
    ],
)
def test_words_that_are_not_understood_are_told_and_left_out(text):
    assert read(text).unused == ("sarah",)


def test_words_of_the_question_never_become_names():
    found = read("Find UK radio DJs like Peter Piper who like synthpop")
    assert isinstance(found, Unread)


def test_a_name_that_nobody_could_write_is_none():
    assert by_key(["!!!", None, "Neon Harbour"]) == {"neonharbour": "Neon Harbour"}


def test_lead_times_are_those_of_the_skills_library():
    assert lead_times(ROOT / "skills")["radio"].min_days > 0


def test_a_skills_folder_without_the_library_is_named_whatever_skills_it_has(tmp_path: Path):
    (tmp_path / "scout").mkdir()
    (tmp_path / "scout" / "research_contacts.py").write_text("from library import music\n")
    with pytest.raises(Refusal, match=f"{tmp_path}/library/music.py is missing") as refused:
        vocabulary(tmp_path)
    assert refused.value.field == "TOTALAUD_SKILLS"


@pytest.mark.parametrize(
    "text",
    [
        "Plan my new single, skip radio",
        "Plan my new single, ignore radio",
        "Plan my new single, leave out radio",
        "Plan my new single, leave radio out",
        "Plan my new single, drop the radio",
        "Plan Glass Coast, drop radio",
        "Plan my new single minus radio",
        "Plan my new single, everything bar radio",
        "Plan my new single, everything apart from radio",
        "Plan my new single, blogs rather than radio",
        "Plan my new single, blogs instead of radio",
        "Plan my new single, blogs w/o radio",
        "Plan my new single, non-radio",
        "Plan my new single, stop radio",
        "Plan my new single, nothing for radio",
        "Plan my new single, forget about radio",
        "Plan my new single, stay away from radio",
        "Plan my new single, free of radio",
        "Plan Glass Coast, radio is out",
        "Write a pitch for Glass Coast to BBC Radio 6, less formal",
        "Plan Glass Coast, radio excluded",
        "Pitch Glass Coast to Tees Valley FM, nope",
        "How unlikely is an answer to my campaign?",
    ],
)
def test_what_is_to_be_left_out_is_never_taken_for_what_is_wanted(text):
    found = read(text)
    assert isinstance(found, Unread)
    assert "say what is wanted, not what is not" in found.reason


@pytest.mark.parametrize("said", ["Don't", "Don\u2019t", "Don\u02bct", "Don`t", "Don\u00b4t", "Don t"])
def test_an_apostrophe_may_be_any_sign_that_looks_like_one(said):
    assert "“dont”" in read(f"{said} plan my new single").reason


@pytest.mark.parametrize(
    "text",
    [
        "Pitch Glass Coast to Tees Valley FM if they like folk",
        "Pitch Glass Coast to mara@example.org if she is a journalist",
        "Pitch Glass Coast to Tees Valley FM after the release",
        "Pitch Glass Coast to Tees Valley FM before Christmas",
        "Plan my new single if the album is late",
    ],
)
def test_a_condition_is_refused(text):
    assert "cannot follow a condition" in read(text).reason


@pytest.mark.parametrize(
    "text",
    [
        "Pitch Glass Coast to Tees Valley FM if possible",
        "Pitch Glass Coast to mara@example.org once more",
        "What is trending in folk, if any?",
        "Plan the drop of Glass Coast",
        "Find free podcasts for submissions",
        "Plan my next single drop, 4 hours a week",
        "Plan Glass Coast until the release",
        "When should I pitch radio before the release?",
    ],
)
def test_words_of_leaving_out_and_of_conditions_may_say_something_else(text):
    assert isinstance(read(text), Question)


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("the DJs at Tees Valley FM", ("radio", "radio")),
        ("press contacts at Tees Valley FM", ("journalist", "journalist")),
        ("the radio station Tees Valley FM", (None, "radio")),
        ("journalists at the radio station Tees Valley FM", ("journalist", None)),
    ],
)
def test_people_at_an_outlet_are_told_from_what_kind_of_outlet_it_is(said, kinds):
    found = read(f"Pitch Glass Coast to {said}")
    assert (found.type, found.outlet_type) == kinds


@pytest.mark.parametrize("where", ["in the UK who like folk", "at Tees Valley FM"])
def test_two_kinds_of_people_to_write_to_are_refused_as_such(where):
    assert "one kind of contact at a time" in read(f"Pitch Glass Coast to DJs and journalists {where}").reason


@pytest.mark.parametrize(
    ("money", "read_as"),
    [
        ("500€", (500, "€")),
        ("1.500 €", (1500, "€")),
        ("1.5k€", (1500, "€")),
        ("EUR 500", (500, "eur")),
        ("$500 USD", (500, "$")),
        ("US$500", (500, "$")),
    ],
)
def test_the_sign_of_an_amount_may_stand_on_either_side(money, read_as):
    found = read(f"Plan my new single with {money}, 4 hours a week")
    assert ((found.budget, found.currency), found.unused) == (read_as, ())


@pytest.mark.parametrize("money", ["A$500", "CA$ 500", "500 CHF", "kr 500", "¥50000"])
def test_no_amount_is_taken_for_one_of_another_currency(money):
    assert "pounds, euros and dollars of the US" in read(f"Plan my new single, {money}").reason


@pytest.mark.parametrize(
    "money",
    [
        "£500-700",
        "a minimum of £500",
        "£500 minimum",
        "£500+",
        "500€ or more",
        "100€ or 200€",
        "£500 at least",
    ],
)
def test_the_least_of_an_amount_is_not_taken_for_the_most(money):
    assert "the most that may be spent" in read(f"Plan my new single, {money}").reason


def test_a_million_is_not_one():
    found = read("Plan my new single, £1m")
    assert (found.budget, found.unused) == (None, ("1m",))


@pytest.mark.parametrize(
    "text",
    [
        "Find grants of £5000",
        "I need £5000 funding",
        "Find grants up to 5000€",
        "Find festivals that pay £200",
        "Find festivals worth £200",
    ],
)
def test_what_an_opportunity_brings_is_not_taken_for_what_it_costs(text):
    assert "may cost" in read(text).reason


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Draft us a pitch for Glass Coast to Tees Valley FM", "pitch"),
        ("Write us a press release for Glass Coast", "press"),
        ("make us a plan for Glass Coast", "plan"),
        ("Suggest us hashtags for Glass Coast on TikTok", "hashtags"),
        ("Send us a report on Glass Coast", "report"),
        ("Email us a report on Glass Coast", "report"),
    ],
)
def test_us_are_those_who_ask_and_no_country(text, intent):
    found = read(text)
    assert (found.intent, found.regions, found.unused) == (intent, (), ())


def test_the_us_stays_a_country():
    assert read("Email US folk blogs about Glass Coast").regions == ("us",)
    assert read("Pitch Glass Coast to folk DJs in the us").regions == ("us",)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Email me a list of folk DJs in the UK", "find"),
        ("Mail me UK folk DJs", "find"),
        ("Please message me the report on Glass Coast", "report"),
    ],
)
def test_nobody_is_written_to_for_who_wants_to_be_written_to(text, intent):
    assert read(text).intent == intent


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("Email my folk DJs in Leeds", None),
        ("Pitch Glass Coast to folk DJs in Leeds", "Glass Coast"),
        ("Pitch Glass Coast to Leeds folk DJs", "Glass Coast"),
        ("Pitch Leeds to folk DJs from Leeds", "Leeds"),
    ],
)
def test_where_people_are_is_no_release_that_is_named_so(text, release):
    found = read(text)
    assert (found.intent, found.regions, found.release) == ("pitch", ("leeds",), release)


def test_what_people_play_is_no_release_that_is_named_so():
    own = vocabulary(ROOT / "skills", releases=["Folk", "Glass Coast"])
    found = understood("Pitch Glass Coast to UK folk DJs", own)
    assert (found.genres, found.release) == (("folk",), "Glass Coast")
    assert understood("Pitch Folk to Radio X", own).release == "Folk"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("How is our Foo campaign doing?", "foo"),
        ("How is my campaign Foo doing?", "foo"),
        ("Write a pitch about my single Foo Bar to Tees Valley FM", "foo"),
        ("Write a press release for my album Foo", "foo"),
        ("Write to Tees Valley FM about the interview", "interview"),
        ("Write to mara@example.org about my gig in Leeds", "gig"),
        ("Find folk journalists in New England", "new england"),
        ("Find folk journalists in my country", "my country"),
    ],
)
def test_nothing_else_is_taken_for_what_a_name_means_that_is_not_known(text, unknown):
    assert read(text).reason.startswith(f"I do not know “{unknown}”")


@pytest.mark.parametrize(
    "text",
    [
        "Write a pitch for my Debut EP to Tees Valley FM, Sarah",
        "Write A Pitch For My Single Asap To Tees Valley FM",
        "Write a pitch for my single ASAP to Tees Valley FM",
        "WRITE A PITCH FOR MY SINGLE ASAP TO TEES VALLEY FM",
        "Write to Tees Valley FM about my upcoming debut single",
        "Find new UK folk DJs",
        "Plan our Spring campaign",
        "Write an email about our beautiful, moving new single to Tees Valley FM",
    ],
)
def test_a_capital_or_an_adjective_makes_no_name(text):
    assert isinstance(read(text), Question)


@pytest.mark.parametrize("which", ["last", "previous", "old"])
def test_the_next_release_is_not_taken_for_one_that_is_out(which):
    assert "Name it by its title" in read(f"Pitch my {which} single to Tees Valley FM").reason
    assert read(f"Pitch my {which} single Glass Coast to Tees Valley FM").release == "Glass Coast"


@pytest.mark.parametrize("which", ["10 more", "the next 10", "the other 10"])
def test_the_best_are_not_shown_again_in_place_of_those_after_them(which):
    assert "ask for more than 10" in read(f"Find {which} folk DJs").reason


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "Report on Glass Coast this week and this month",
            "one span of time at a time: this week or this month",
        ),
        ("Weekly report on Glass Coast for last month", "one span of time at a time: weekly or last month"),
        ("How is my campaign doing since the start of the month?", "not at “since the start”"),
        ("How is my campaign doing in the last 48h?", "not at “48h”"),
        ("How is my campaign doing YTD?", "not at “ytd”"),
        ("How did my campaign do before the release?", "not at “before the release”"),
        ("How is my campaign doing after last week?", "not at “after last”"),
        ("How is Autumn push doing since Glass Coast?", "such as “since glass”"),
        ("Report on Autumn push for the label and the artist", "one audience at a time: label or artist"),
        ("A short, detailed report on Autumn push", "one detail at a time: brief or detailed"),
        ("Who will not answer?", "“not”"),
    ],
)
def test_of_two_wishes_neither_is_dropped(text, why):
    assert why in read(text).reason


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("How is my campaign doing so far this week?", "7d"),
        ("Weekly report on Glass Coast for this week", "7d"),
        ("How is my campaign doing since the start of the campaign?", "all"),
        ("How is my campaign doing, last 7d?", "7d"),
    ],
)
def test_one_span_may_be_said_twice(text, window):
    assert read(text).window == window


@pytest.mark.parametrize("text", ["Report for the label on my artist", "Report on my artist for the label"])
def test_a_report_is_for_whom_it_says(text):
    assert read(text).audience == "label"


def test_of_two_tones_the_one_that_is_not_taken_is_told():
    found = read("Write a short, friendly pitch for Glass Coast to BBC6")
    assert (found.tone, found.unused) == ("friendly", ("short",))


@pytest.mark.parametrize(
    "text",
    [
        "Do I have to pitch mara@example.org?",
        "Do we pitch Tees Valley FM?",
        "Must I email Tees Valley FM?",
    ],
)
def test_nothing_is_written_for_who_asks_whether_it_must_be(text):
    assert isinstance(read(text), Unread)


def test_a_letter_of_thanks_is_no_pitch_and_thanks_are_no_letter():
    assert read("Write a thank you email to Tees Valley FM").unused == ("thank",)
    assert read("Email Tees Valley FM to thank them").reason == "I do not know “thank”"
    for text in (
        "Thank you, find UK folk DJs",
        "Find UK folk DJs. Thank you!",
        "Find UK folk DJs, many thanks",
    ):
        assert (read(text).intent, read(text).unused) == ("find", ())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Write a press-release for Glass Coast", "press"),
        ("Hashtags for my single on tik-tok", "hashtags"),
        ("Who should I send my single to?", "whom"),
        ("To whom should I send my single?", "whom"),
        ("Who should I write to about my single?", "whom"),
    ],
)
def test_more_ways_of_writing_what_is_asked(text, intent):
    assert (read(text).intent, read(text).unused) == (intent, ())


def test_one_is_a_number_of_contacts_too():
    assert read("Pitch Glass Coast to one UK folk DJ").limit == 1


@pytest.mark.parametrize(
    "text",
    [
        "Show me the pitch for Glass Coast to Tees Valley FM",
        "Find our pitch for Glass Coast to Tees Valley FM",
        "Show us the press release for Glass Coast",
    ],
)
def test_nothing_is_written_for_who_wants_to_see_what_was_written(text):
    assert "'totalaud session list'" in read(text).reason


def test_a_press_release_for_something_else_is_not_one_for_the_next_release():
    assert read("Write a press release for my tour").reason == "I do not know “tour”"
    assert read("Write a press release for the launch party").reason == "I do not know “launch”"
    assert read("Write a press release for my debut single").release_type == "single"


def test_what_may_be_said_is_told_where_something_may_not():
    assert read("Trends for Neon Harbour").reason == (
        "the answer cannot be narrowed by artist: a genre, a place may be said"
    )


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ('Write a press release for "This Week"', ("This Week", None, None)),
        ("Write a press release for “No Such Thing”", ("No Such Thing", None, None)),
        ('How did "Last Week" do last week?', (None, "Last Week", "7d")),
        ('Pitch "Leeds" to folk radio in Leeds', ("Leeds", None, None)),
    ],
)
def test_in_quotation_marks_a_name_is_a_name_whatever_its_words_mean(text, slots):
    own = vocabulary(
        ROOT / "skills", releases=["This Week", "No Such Thing", "Leeds"], campaigns=["Last Week"]
    )
    found = understood(text, own)
    assert (found.release, found.campaign, found.window) == slots


def test_what_is_quoted_and_no_name_is_read_as_it_stands():
    assert read("Find 'UK' \"folk\" DJs").genres == ("folk",)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("Find blogs for my new single", ("blogger", "single", None)),
        ("Find UK radio DJs for Glass Coast", ("radio", None, "Glass Coast")),
        ("Which podcasts are there for my next EP?", ("podcast", "ep", None)),
    ],
)
def test_whom_to_look_for_may_be_said_by_what_they_should_hear(text, slots):
    found = read(text)
    assert (found.intent, found.unused) == ("whom", ())
    assert (found.type, found.release_type, found.release) == slots


def test_people_in_a_place_are_not_a_campaign_for_a_release_that_is_called_like_it():
    found = read("How many contacts do I have in Leeds?")
    assert (found.intent, found.regions, found.release) == ("find", ("leeds",), None)


@pytest.mark.parametrize("said", ["less than", "no more than", "not more than", "under", "up to", "at most"])
def test_the_most_of_an_amount_may_be_said_in_many_ways(said):
    found = read(f"Plan my new single for {said} £500, {said} 4 hours a week")
    assert (found.budget, found.hours_per_week, found.unused) == (500, 4, ())


def test_a_comma_parts_a_name_from_a_word_that_makes_a_longer_one():
    found = read("Plan Glass Coast, radio and blogs, 4 hours a week")
    assert (found.release, found.campaign, found.channels) == ("Glass Coast", None, ("radio", "online_press"))
    assert read("How is Glass Coast radio doing?").campaign == "Glass Coast radio"


def test_a_name_may_be_written_with_a_comma_of_its_own_or_without():
    own = vocabulary(ROOT / "skills", artists=["Earth, Wind & Fire"], releases=["Hello World"])
    assert understood("Write a press release for Earth, Wind and Fire", own).artist == "Earth, Wind & Fire"
    assert understood("Write a press release for Earth Wind & Fire", own).artist == "Earth, Wind & Fire"
    assert understood("Write a press release for Hello, World", own).release == "Hello World"


@pytest.mark.parametrize("hours", ["1:30", "4\u20135", "4-5", "4 or 5", "2 to 3"])
def test_no_part_of_a_span_of_hours_is_taken_for_the_whole(hours):
    assert "how many hours a week" in read(f"Plan my new single, {hours} hours a week").reason


@pytest.mark.parametrize(
    ("text", "intent"),
    [("What's next?", "next"), ("what next", "next"), ("Any replies this week?", "performance")],
)
def test_a_question_may_be_short(text, intent):
    assert (read(text).intent, read(text).unused) == (intent, ())


@pytest.mark.parametrize("beside", [" - radio - blogs", " (radio, blogs)", ": radio, blogs"])
def test_other_signs_part_a_name_as_commas_do(beside):
    assert read(f"Plan Glass Coast{beside}").channels == ("radio", "online_press")


def test_how_to_name_what_is_called_like_plain_words_is_said():
    own = vocabulary(ROOT / "skills", artists=["Last Week"])
    assert understood("What should Last Week do next?", own).hidden == "Last Week"
    assert understood('What should "Last Week" do next?', own).hidden is None
    refused = understood("Write a press release for Last Week", own)
    assert "to name Last Week, put it in quotation marks" in refused.reason


def test_where_somebody_is_based_may_be_one_word():
    assert read("Find UK-based folk DJs").regions == ("uk",)


@pytest.mark.parametrize(
    ("text", "unused"),
    [
        ("Plan my single, I have set £500 aside", ("set", "aside")),
        ("Plan the Glass Coast drop on radio", ("drop",)),
        ("Plan a launch at the bar on radio", ("bar",)),
        ("Plan a T-shirt drop for my single", ("t-shirt", "drop")),
        ("Pitch my raw/organic EP to Tees Valley FM", ("raw", "organic")),
        ("Plan my single, YouTube and radio", ("youtube",)),
        ("Write a press release about the launch", ("launch",)),
        ("Write to Tees Valley FM about the premiere of Glass Coast", ("premiere",)),
        ("Write a pitch about our band to Tees Valley FM", ("band",)),
    ],
)
def test_what_leaves_nothing_out_and_names_nothing_is_told_as_not_used(text, unused):
    assert read(text).unused == unused


@pytest.mark.parametrize(
    "said", ["everything aside from radio", "leaving radio aside", "radio aside", "drop my radio"]
)
def test_radio_aside_is_no_radio(said):
    assert "say what is wanted, not what is not" in read(f"Plan my new single, {said}").reason


def test_the_next_ten_to_be_written_to_are_those_who_were_not_yet():
    assert read("Pitch Glass Coast to five more folk DJs").limit == 5
    assert read("Which ten more DJs should I pitch Glass Coast?").limit == 10


@pytest.mark.parametrize("asked", ["Can we have", "Could I get", "Can I please have"])
def test_who_asks_whether_they_can_have_it_wants_it(asked):
    assert read(f"{asked} a press release for Glass Coast?").intent == "press"


@pytest.mark.parametrize("who", ["I can pay up to", "we'd pay", "where I pay less than"])
def test_what_one_pays_oneself_is_a_cost(who):
    assert read(f"Find festivals, {who} £50").budget == 50


def test_those_who_were_shown_before_are_not_the_best_of_all():
    assert "those" in read("Email those folk DJs about Glass Coast").reason


@pytest.mark.parametrize("text", ["Find UK folk DJs if possible", "If you can, find UK folk DJs, if any"])
def test_who_is_polite_says_no_condition(text):
    found = read(text)
    assert (found.intent, found.genres, found.unused) == ("find", ("folk",), ())


def test_a_place_is_no_release_that_is_named_so_whatever_is_asked():
    assert read("Find festivals in Leeds").regions == ("leeds",)
    for text in ("How is my campaign doing in Leeds?", "Write a press release for my single from Leeds"):
        assert read(text).reason.startswith("the answer cannot be narrowed by regions")


def test_nothing_too_formal_is_not_formal():
    assert "“nothing”" in read("Write a pitch for Glass Coast to BBC Radio 6, nothing too formal").reason


@pytest.mark.parametrize("title", ["Thank You", "Send Me", "Email Me", "W/O You", "Apart", "Ben T"])
@pytest.mark.parametrize("text", ["Report on {}", "Plan {}, radio", "Write to Tees Valley FM about {}"])
def test_a_title_of_polite_or_short_words_is_a_title(title, text):
    own = vocabulary(ROOT / "skills", outlets=["Tees Valley FM"], releases=[title])
    assert understood(text.format(title), own).release == title


def test_how_to_name_what_is_called_like_a_word_that_leaves_something_out_is_said():
    own = vocabulary(ROOT / "skills", releases=["Skip"])
    assert "to name Skip, put it in quotation marks" in understood("Plan Skip", own).reason
    assert understood('Plan "Skip"', own).release == "Skip"


def test_what_works_is_asked_whatever_else_of_answers_is_said():
    assert read("What works best to get any reply?").intent == "patterns"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Write a pitch in German for Glass Coast to Tees Valley FM", "german"),
        ("Write a pitch to Tees Valley FM in French, please", "french"),
        ("Write a press release in Spanish", "spanish"),
        ("Find blogs in Italian", "italian"),
    ],
)
def test_a_language_is_not_taken_for_a_place(text, said):
    assert f"leave out “in {said}”" in read(text).reason


@pytest.mark.parametrize(
    "text", ["Find German blogs", "Find blogs in Germany", "Find blogs in German cities"]
)
def test_what_comes_from_a_place_may_be_named_by_its_adjective(text):
    assert "leave out" not in getattr(read(text), "reason", "")


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("Which template works best?", "template"),
        ("What kind of contact works best for Glass Coast?", "type"),
        ("Which of my regions worked?", "region"),
    ],
)
def test_which_of_a_kind_works_is_told_by_its_answers(text, group):
    assert (read(text).intent, read(text).group_by) == ("answers", group)


@pytest.mark.parametrize("text", ["Which outlets work best for artists like me?", "What works best?"])
def test_what_works_for_others_or_at_all_is_a_pattern(text):
    assert read(text).intent == "patterns"


@pytest.mark.parametrize(("text", "many"), [("Top 3 next steps", 3), ("What are my next two steps?", 2)])
def test_a_number_says_how_many_steps_come_next(text, many):
    assert (read(text).intent, read(text).limit) == ("next", many)


@pytest.mark.parametrize(
    "text", ["How are we doing?", "How am I doing this month?", "How's it going?", "How are things going?"]
)
def test_how_it_goes_is_asked_of_the_campaign(text):
    assert (read(text).intent, read(text).unused) == ("performance", ())


def test_how_it_goes_beside_others_is_told_by_what_works():
    found = read("How am I doing compared with others?")
    assert (found.intent, found.cohort) == ("patterns", True)


def test_who_works_at_an_outlet_is_looked_for():
    assert read("Who works at Tees Valley FM?").outlet == "Tees Valley FM"
