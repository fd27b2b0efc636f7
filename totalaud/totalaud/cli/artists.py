"""`artists …`: profiles, and the facts that texts may repeat."""

from typing import Annotated

import typer

from totalaud.cli.loading import DryRun, File, load
from totalaud.cli.options import group
from totalaud.cli.recording import Artist, Genres, Limit, send, show_list

app = group("Artists and their facts.")


@app.command("set")
def set_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The artist's name.")],
    *,
    artist_id: Annotated[
        str | None, typer.Option("--id", metavar="UUID", help="The artist's id, to rename it.")
    ] = None,
    genre: Genres = None,
    location: Annotated[str | None, typer.Option(metavar="PLACE", help="City or country.")] = None,
    bio: Annotated[str | None, typer.Option(metavar="TEXT", help="A few sentences.")] = None,
    mbid: Annotated[str | None, typer.Option(metavar="UUID", help="The artist's id at MusicBrainz.")] = None,
    mine: Annotated[
        bool, typer.Option("--mine/--other", help="An artist of yours, or one to compare with.")
    ] = True,
    in_cohort: Annotated[
        bool, typer.Option("--in-cohort/--private", help="Let others compare themselves with it.")
    ] = False,
) -> None:
    """Set an artist's profile, whole: what is not given is empty."""
    send(
        context,
        lambda records: records.set_artist(
            name, artist_id=artist_id, genres=genre, location=location, bio=bio, mbid=mbid, mine=mine,
            in_cohort=in_cohort,
        ),
        "artist",
        "is set",
    )  # fmt: skip


@app.command("add-fact")
def add_fact(
    context: typer.Context,
    artist: Artist,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="One statement, as texts may repeat it.")],
    source: Annotated[str | None, typer.Option(metavar="TEXT", help="Where it is written.")] = None,
    valid_to: Annotated[str | None, typer.Option(metavar="DATE", help="Its last day.")] = None,
) -> None:
    """Add a statement about an artist."""
    send(
        context,
        lambda records: records.add_fact(artist, text, source=source, valid_to=valid_to),
        "fact",
        "is added",
    )


@app.command("remove-fact")
def remove_fact(
    context: typer.Context,
    artist: Artist,
    fact_id: Annotated[
        str, typer.Argument(metavar="FACT", help="Its UUID, from 'totalaud artists list --json'.")
    ],
) -> None:
    """Take back a statement that holds no longer."""
    send(context, lambda records: records.remove_fact(artist, fact_id), "fact", "is removed")


@app.command("import")
def import_(context: typer.Context, file: File, dry_run: DryRun = False) -> None:
    """Import artists. Good rows load even if others are wrong, and a repetition changes nothing."""
    raise load(context, "artists", file, dry_run=dry_run)


@app.command("list")
def list_(
    context: typer.Context,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this name.")] = None,
    limit: Limit = 20,
) -> None:
    """List artists, yours first; with --json their facts too."""
    show_list(context, "artists", limit=limit, of=name)
