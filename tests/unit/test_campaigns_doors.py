"""The doors of the campaigns service: files of one user do not keep another one waiting."""

import asyncio
import json
from uuid import UUID

from campaigns.doors import Doors, Route
from campaigns.imports import Import, Imported
from campaigns.requests import ArtistDone, SetArtist

ONE, OTHER = UUID(int=1), UUID(int=2)


async def test_of_each_user_one_file_at_a_time_is_imported_and_all_else_goes_on():
    begun: list[tuple[UUID, str]] = []
    gate = asyncio.Event()

    async def import_(user: UUID, _: Import, cause: str) -> Imported:
        begun.append((user, cause.split("/", maxsplit=1)[0]))
        await gate.wait()
        return Imported()

    async def set_(user: UUID, _: SetArtist, cause: str) -> ArtistDone:
        begun.append((user, cause.split("/", maxsplit=1)[0]))
        return ArtistDone(artist_id=user, seq=1, unchanged=False)

    doors = Doors(
        {
            "contacts.import": Route(Import, import_),
            "coverage.import": Route(Import, import_),
            "artist.set": Route(SetArtist, set_),
        }
    )

    def ask(user: UUID, command: str, **body: str) -> asyncio.Task[bytes]:
        return asyncio.create_task(doors.ask(f"ask.{user}.{command}", json.dumps(body).encode(), {}))

    imports = [
        ask(user, command, csv="")
        for user, command in ((ONE, "contacts.import"), (ONE, "coverage.import"), (OTHER, "contacts.import"))
    ]
    await ask(ONE, "artist.set", name="Neon Harbour")
    assert begun == [(ONE, "contacts.import"), (OTHER, "contacts.import"), (ONE, "artist.set")]
    gate.set()
    await asyncio.gather(*imports)
    assert begun[3:] == [(ONE, "coverage.import")]


async def test_of_all_users_a_few_files_at_a_time_are_imported():
    begun: list[UUID] = []
    gate = asyncio.Event()

    async def import_(user: UUID, _: Import, _cause: str) -> Imported:
        begun.append(user)
        await gate.wait()
        return Imported()

    doors = Doors({"contacts.import": Route(Import, import_)})
    users = [UUID(int=number) for number in range(10)]
    imports = [
        asyncio.create_task(doors.ask(f"ask.{user}.contacts.import", b'{"csv": ""}', {})) for user in users
    ]
    for _ in range(10):
        await asyncio.sleep(0)
    assert begun == users[:4]
    gate.set()
    await asyncio.gather(*imports)
    assert begun == users
