"""`releases …` and `campaigns …`."""

from typing import Annotated

import typer

from totalaud.cli.options import group
from totalaud.cli.recording import Artist, Campaign, Genres, Limit, send, show_list

releases = group("Plan releases.")
campaigns = group("Create and close campaigns.")
OfArtist = Annotated[str | None, typer.Option("--artist", metavar="ARTIST", help="Name or UUID.")]
NamedArtist = Annotated[str | None, typer.Option("--artist", metavar="NAME", help="Only of this artist.")]


@releases.command("plan")
def plan(
    context: typer.Context,
    artist: Artist,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="The release's title.")],
    *,
    type_: Annotated[str, typer.Option("--type", metavar="TYPE", help="single, ep or album.")],
    date: Annotated[str, typer.Option(metavar="DATE", help="The day it comes out.")],
    release_id: Annotated[
        str | None, typer.Option("--id", metavar="UUID", help="The release's id, to rename it.")
    ] = None,
    link: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Where it is heard; repeatable.")
    ] = None,
    isrc: Annotated[str | None, typer.Option(metavar="CODE", help="The recording's code.")] = None,
) -> None:
    """Plan a release, or change it; whole: what is not given is empty."""
    send(
        context,
        lambda records: records.plan_release(
            artist, title, type_, date, release_id=release_id, links=link, isrc=isrc
        ),
        "release",
        "is planned",
    )


@releases.command("list")
def list_releases(context: typer.Context, artist: NamedArtist = None, limit: Limit = 20) -> None:
    """List releases, the latest first."""
    show_list(context, "releases", limit=limit, of=artist)


@campaigns.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The campaign's name.")],
    *,
    campaign_id: Annotated[
        str | None, typer.Option("--id", metavar="UUID", help="The campaign's id, to rename it.")
    ] = None,
    artist: OfArtist = None,
    release: Annotated[str | None, typer.Option(metavar="RELEASE", help="Title or UUID.")] = None,
    goal: Annotated[
        str | None, typer.Option(metavar="GOAL", help="radio, press, playlists, live or all.")
    ] = None,
    genre: Genres = None,
) -> None:
    """Create a campaign, or change it. Whole: what is not given is empty."""
    send(
        context,
        lambda records: records.create_campaign(
            name, campaign_id=campaign_id, artist=artist, release=release, goal=goal, genres=genre
        ),
        "campaign",
        "is created",
    )


@campaigns.command("close")
def close(context: typer.Context, campaign: Campaign) -> None:
    """Close a campaign. Nothing more is sent, answers may still be recorded."""
    send(context, lambda records: records.close_campaign(campaign), "campaign", "is closed")


@campaigns.command("list")
def list_campaigns(context: typer.Context, artist: NamedArtist = None, limit: Limit = 20) -> None:
    """List campaigns with what came of them, the newest first."""
    show_list(context, "campaigns", limit=limit, of=artist)
