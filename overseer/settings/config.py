"""Settings: what the program works with, made of the values that hold once all layers are laid over each other.

Where values come from, and what each may be, is left to `overseer.settings`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from overseer.broker.caps import Cap
from overseer.broker.limits import Limit
from overseer.broker.permissions import Policy
from overseer.console import say
from overseer.home import workflows_folder
from overseer.plan import Limits
from overseer.sandbox.values import Level
from overseer.sandbox.values import Limits as NodeLimits
from overseer.settings.chat import ChatSettings, WorkflowMode
from overseer.settings.given import NAMING_A_MODEL, NO_FLAGS, Flags
from overseer.settings.layers import Layers, read_layers
from overseer.tool import EFFECTS

if TYPE_CHECKING:
    from overseer.running.engine import EngineSettings


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, read and checked."""

    max_parallel: int
    strict_groups: bool
    cancel_grace_s: float
    journal: bool
    hook_port: int
    limits: Limits
    chat: ChatSettings
    workflows_folder: Path
    permissions: Policy
    workspace: Path
    workspace_bytes: int
    workspace_files: int
    web_allow: tuple[str, ...]
    rates: Mapping[str, Limit]
    session_cap: Cap
    run_cap: Cap
    attempts: int
    first_wait_s: float
    longest_wait_s: float
    secret_names: tuple[str, ...]
    secret_entries: Mapping[str, str]  # of the system's keyring, by the names of the secrets
    sandbox_level: Level | None  # None: the best there is
    sandbox_is_fresh: bool
    sandbox_packages: tuple[str, ...]
    node_limits: NodeLimits
    cache: bool
    cache_bytes: int
    models: Mapping[str, Any]
    layers: Layers = field(compare=False, repr=False)  # where all of this comes from
    model: str = ""  # the one that the command line names, for all roles
    base_url: str = ""  # its server, where the command line names that
    request_cap: Cap | None = None  # of a process that carries out a single request

    def for_engine(self, max_parallel: int | None = None) -> EngineSettings:
        from overseer.running.engine import EngineSettings  # takes long to load, and not every command runs something

        return EngineSettings(
            max_parallel=max_parallel or self.max_parallel,
            strict_groups=self.strict_groups,
            cancel_grace_s=self.cancel_grace_s,
            limits=self.limits,
            hook_port=self.hook_port,
            run_cap=self.run_cap,
        )

    def with_model_of(self, flags: Flags) -> Settings:
        """The same, with the model that the command line names."""
        return replace(self, model=flags.model, base_url=flags.base_url)

    def model_environment(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """The environment without what names a model, where the command line names one."""
        default = self.layers.entries.get("models.default")
        if default is None or default.origin.layer != "flag":
            return environment
        return {name: value for name, value in environment.items() if name not in NAMING_A_MODEL}


def load_settings(flags: Flags = NO_FLAGS) -> Settings:
    """The settings in force, having said what in them is left out; SettingsError names every place that is wrong."""
    layers = read_layers(flags, os.environ, Path.cwd())
    for warning in layers.warnings:
        say(f"warning: {warning}")
    layers.require_sound()
    return settings_of(layers).with_model_of(flags)


def settings_of(layers: Layers) -> Settings:
    """The values of sound layers."""
    value = layers.values()
    return Settings(
        max_parallel=value["execution.max_parallel"],
        strict_groups=value["execution.strict_groups"],
        cancel_grace_s=value["execution.cancel_grace"],
        journal=value["execution.journal"],
        hook_port=value["execution.hook_port"],
        limits=Limits(max_steps=value["execution.max_steps"], max_depth=value["execution.max_depth"]),
        chat=_chat(value),
        workflows_folder=workflows_folder(),
        permissions=Policy({effect: value[f"permissions.{effect}"] for effect in EFFECTS}, value["permissions.rules"]),
        workspace=value["workspace.folder"],
        workspace_bytes=value["workspace.max_size"],
        workspace_files=value["workspace.max_files"],
        web_allow=value["web.allow"],
        rates=layers.section("limits"),
        session_cap=value["budget.session"],
        run_cap=value["budget.run"],
        attempts=value["retry.attempts"],
        first_wait_s=value["retry.first_wait"],
        longest_wait_s=value["retry.longest_wait"],
        secret_names=value["secrets.names"],
        secret_entries=value["secrets.keyring"],
        sandbox_level=value["sandbox.level"],
        sandbox_is_fresh=value["sandbox.processes"],
        sandbox_packages=value["sandbox.packages"],
        node_limits=NodeLimits(
            value["sandbox.timeout"], memory=value["sandbox.memory"], scratch=value["sandbox.scratch"]
        ),
        cache=value["cache.enabled"],
        cache_bytes=value["cache.max_size"],
        models=layers.section("models"),
        layers=layers,
    )


def _chat(value: Mapping[str, Any]) -> ChatSettings:
    return ChatSettings(
        workflow_mode=WorkflowMode(
            enabled=value["chat.workflow_mode.enabled"],
            detect_keywords=value["chat.workflow_mode.detect_keywords"],
            min_steps=value["chat.workflow_mode.min_steps"],
            max_steps=value["chat.workflow_mode.max_steps"],
        ),
        review=value["chat.review"],
        theme=value["chat.theme"],
        history=value["chat.history"],
        editor=value["chat.editor"],
        stdin_wait_s=value["chat.stdin_wait"],
    )
