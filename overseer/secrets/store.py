"""The secrets of this process, by name. Nothing that shows, copies or sends it away shows a value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, NoReturn

from overseer.secrets import file
from overseer.secrets.keyring import read_keyring
from overseer.secrets.names import hidden_part, holds_secret


class Secrets:
    """Names and values; where a name is given twice, the environment's value counts."""

    __slots__ = ("_hidden", "_received", "_values")

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})
        self._hidden: list[tuple[str, str]] = list(self._values.items())
        self._received: dict[str, str] = {}

    @classmethod
    def gather(
        cls,
        environ: MutableMapping[str, str],
        folder: Path | None = None,
        names: Iterable[str] = (),
        *,
        keyring: Mapping[str, str] | None = None,
    ) -> Secrets:
        """All secrets of an environment, of `secrets.yaml` in a folder, and of the system's keyring.

        UsageError if one of these cannot be used. The keyring is asked for what neither of the others has.

        Variables that are secrets are taken out of the environment: those with one of `names`, and
        those whose name or value tells. An address with a password in it stays, because we may need it
        ourselves (a proxy), but it can be had by its name, its password is a secret, and `environment` withholds it.
        """
        kept = file.read_secrets(folder / file.NAME) if folder else {}
        entries = {name: entry for name, entry in (keyring or {}).items() if not environ.get(name) and name not in kept}
        secrets = cls(read_keyring(entries) | kept)
        wanted = {*names, *(keyring or ())}
        for name, value in list(environ.items()):
            if name in wanted or holds_secret(name, value):
                secrets._take(name, environ.pop(name))
            elif password := hidden_part(value):
                secrets._received[name] = secrets._values[name] = value
                secrets._hidden.append((name, password))
        return secrets

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._values))

    def hidden(self) -> Iterator[tuple[str, str]]:
        """Each text that nobody may see, with the name of the secret that it is or is part of."""
        return iter(self._hidden)

    def received(self) -> Mapping[str, str]:
        """The variables of the environment that are or hold secrets, as they came."""
        return self._received

    def _take(self, name: str, value: str) -> None:
        self._received[name] = value
        if stripped := value.strip():
            self._values[name] = stripped
            self._hidden.append((name, stripped))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Secrets: {', '.join(self.names()) or 'none'}>"

    def __copy__(self) -> Secrets:
        return self

    def __deepcopy__(self, _memo: dict[int, Any]) -> Secrets:
        return self

    def __reduce_ex__(self, _protocol: Any) -> NoReturn:
        raise TypeError("secrets stay in the process that gathered them: they cannot be pickled")
