"""Which kinds of columns the roles of a loss may have together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from losscli.contract.combinations import combinations
from losscli.contract.kinds import Kind
from losscli.contract.parameters import Parameter, Role, Value
from losscli.contract.presets import Preset


class RoleKinds:
    """The roles of a loss, as parameters and presets change them, and the choices of kinds that belong together."""

    roles: dict[str, Role]
    params: dict[str, Parameter]
    same_as: dict[str, Preset]

    def roles_with(self, params: Mapping[str, Value], presets: Iterable[str] = ()) -> dict[str, Role]:
        """The roles as parameters and presets have them: either may give a role a kind of other values."""
        found = dict(self.roles)
        changed = [
            self.params[name].param.lifts for name, value in params.items() if value != self.params[name].default
        ]
        for role, wide in itertools.chain(*changed, *(self.same_as[library].kinds for library in presets)):
            (other,) = wide.__metadata__
            kinds = tuple(other if kind.shape == other.shape else kind for kind in found[role].kinds)
            found[role] = Role(role, kinds, found[role].optional)
        return found

    def combinations(
        self, params: Mapping[str, Value] | None = None, presets: Iterable[str] = ()
    ) -> list[tuple[Kind, ...]]:
        """Every choice of one kind a role in which the sides belong together, in declared order."""
        return combinations(role.kinds for role in self.roles_with(params or {}, presets).values())
