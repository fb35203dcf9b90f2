"""`overseer nodes`: the programs that were kept for steps, to be listed, looked at and deleted."""

from __future__ import annotations

from argparse import Namespace

from overseer import exits
from overseer.commands.output import as_typed, put_document, put_lines
from overseer.errors import UsageError
from overseer.frontends.shelf import Shelf
from overseer.home import programs_folder
from overseer.reports.keptprograms import kept_json, kept_lines, kept_text
from overseer.settings.config import Settings


def nodes(options: Namespace, settings: Settings) -> int:
    """List the programs that are kept, show one, or delete some."""
    shelf = Shelf(programs_folder())
    if options.all and (options.action != "delete" or options.ids):
        way = as_typed(options, "nodes delete --all")
        raise UsageError(f"--all goes with delete alone, and without ids: {way}")
    match options.action:
        case "show":
            _show(shelf, options)
        case "delete":
            _delete(shelf, options)
        case _:
            _list(shelf, options)
    return exits.OK


def _list(shelf: Shelf, options: Namespace) -> None:
    if options.ids:
        way = as_typed(options, f"nodes show {options.ids[0]}")
        raise UsageError(f"list takes no ids; to look at a program: {way}")
    kept = shelf.kept()
    if options.json:
        put_document({"schema": "overseer.nodes/1", "nodes": [kept_json(each) for each in kept]})
    else:
        put_lines(kept_lines(kept))


def _show(shelf: Shelf, options: Namespace) -> None:
    if len(options.ids) != 1:
        raise UsageError(f"show takes the id of one program; {as_typed(options, 'nodes')} lists them")
    kept = shelf.named(options.ids[0])
    if options.json:
        put_document({"schema": "overseer.kept-node/1", **kept_json(kept), "source": kept.source})
    else:
        put_lines(kept_text(kept))


def _delete(shelf: Shelf, options: Namespace) -> None:
    if not options.all and not options.ids:
        raise UsageError(f"say which: the ids of programs, or --all; {as_typed(options, 'nodes')} lists them")
    if options.all:
        deleted = shelf.clear()
    else:
        deleted = list({kept.id: kept for kept in map(shelf.named, options.ids)}.values())  # all of them, or none
        for kept in deleted:
            shelf.delete(kept)
    if options.json:
        put_document({"schema": "overseer.nodes-deleted/1", "deleted": [kept_json(each) for each in deleted]})
    else:
        count = len(deleted)
        put_lines([f"deleted {count} program{'s' if count != 1 else ''}", *(kept_lines(deleted) if deleted else [])])
