"""Records that the server keeps about auth records: second factors, codes, accounts, places."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Final

from pocketbase_server.core.records.model import Record
from pocketbase_server.kit.dates import parse_date

if TYPE_CHECKING:
    from pocketbase_server.app import App
    from pocketbase_server.core.collections.model import Collection

MFAS: Final = "_mfas"
OTPS: Final = "_otps"
EXTERNAL_AUTHS: Final = "_externalAuths"
AUTH_ORIGINS: Final = "_authOrigins"

REFS: Final = (MFAS, OTPS, EXTERNAL_AUTHS, AUTH_ORIGINS)
"""Their collections: each record names its owner in `collectionRef` and `recordRef`."""

_OF_RECORD: Final = "collectionRef = {:collection} && recordRef = {:record}"
_OF_COLLECTION: Final = "collectionRef = {:collection}"
_OLDER: Final = "collectionRef = {:collection} && created < {:moment}"


def new_ref(app: App, name: str, owner: Record) -> Record:
    """Return a new, unsaved record of the collection called *name* that belongs to *owner*."""
    ref = Record(app.collections.find(name))
    ref.set("collectionRef", owner.collection.id)
    ref.set("recordRef", owner.id)
    return ref


def refs_of(app: App, name: str, owner: Record) -> list[Record]:
    """Return the records of the collection called *name* that belong to *owner*, newest first."""
    params = {"collection": owner.collection.id, "record": owner.id}
    return app.records.find_by_filter(name, _OF_RECORD, "-created", params=params)


def refs_of_collection(app: App, name: str, collection: Collection) -> list[Record]:
    """Return the records of the collection called *name* whose owners are in *collection*."""
    return app.records.find_by_filter(name, _OF_COLLECTION, params={"collection": collection.id})


def age_of(ref: Record) -> float:
    """Return how many seconds ago *ref* was made; infinite when it does not tell."""
    made = parse_date(ref.get("created"))
    if not made:
        return inf
    return (datetime.now(UTC) - datetime.fromisoformat(made)).total_seconds()


def delete_refs(app: App, owner: Record, *names: str) -> None:
    """Delete what the collections called *names* hold about *owner*."""
    for name in names:
        for ref in refs_of(app, name, owner):
            app.records.delete(ref)


def delete_older(app: App, name: str, collection: Collection, seconds: int) -> None:
    """Delete what the collection called *name* has held for over *seconds* about *collection*."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds)
    params = {"collection": collection.id, "moment": f"{moment:%Y-%m-%d %H:%M:%S}.000Z"}
    for ref in app.records.find_by_filter(name, _OLDER, params=params):
        app.records.delete(ref)
