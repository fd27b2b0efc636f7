"""Checks a start or a retry completely, seals its personal literals, and makes it a decider's command."""

from typing import Any
from uuid import UUID

from orchestrator import planning, template_paths, templates
from orchestrator.asked import Retry, Start
from orchestrator.decide import check_retry
from orchestrator.session import Session
from shared.commands import ExecuteSkill, RetrySession, RunSession, SessionBudget, StepInput
from shared.definitions import SkillDefinition
from shared.events import Budget, PlannedStep
from shared.json import canonical
from shared.personal import near_at
from shared.registry import Registry
from shared.sealing import seal
from shared.vault import Vault

Json = dict[str, Any]


class Starts:
    """Raises Refusal for whatever can be found wrong before step 1."""

    def __init__(self, registry: Registry, vault: Vault) -> None:
        self._registry = registry
        self._vault = vault

    async def fingerprint(self, body: Json, *own_ids: str) -> str:
        """Tell the same command from another under the same id, without keeping its body."""
        ids = await self._vault.ids()
        return ids.fingerprint(canonical({key: body[key] for key in body if key not in own_ids}))

    async def run(self, user: UUID, command: RunSession, fingerprint: str) -> Start:
        """Check a workflow as a whole: names first, then templates and types."""
        agent = await planning.known_agent(self._registry, command.agent)
        planning.check_ids(command.steps)
        skills = await planning.skills_of(self._registry, command.steps)
        agents = self._registry.agents()
        owners: list[str | None] = [
            planning.owner(agent, step.skill, f"steps[{index}].skill", agents)
            for index, step in enumerate(command.steps)
        ]
        steps = [_checked(index, step, skills[step.skill]) for index, step in enumerate(command.steps, 1)]
        own = command.input or {}
        templates.check(steps, own)
        inputs = [await self._seal_input(user, step.input_schema, step.input) for step in steps]
        own = await self._seal_own(user, steps, inputs, own)
        return Start(
            agent=agent.name,
            steps=planning.plan(command.steps, inputs, skills, owners),
            input=own if command.input is not None else inputs[0],
            fingerprint=fingerprint,
            budget=_budget(command.budget),
        )

    async def execute(self, user: UUID, command: ExecuteSkill, fingerprint: str) -> Start:
        """Check a stand-alone skill: a step of no agent, whose input is data, whatever it looks like."""
        skill = await self._registry.skill(command.skill)
        definition = planning.runnable(skill, command.skill, "skill", self._registry)
        taken = template_paths.of_own(command.input)
        step = StepInput(skill=command.skill, input={**command.input, **taken}, fresh=command.fresh)
        templates.check([_checked(1, step, definition)], command.input, alone=True)
        sealed = await seal(self._vault, user, definition.input_schema, command.input, wary=True)
        return Start(
            agent=None,
            steps=planning.plan((step,), [{**sealed, **taken}], {command.skill: definition}, [None]),
            input=sealed,
            fingerprint=fingerprint,
            beside_session=command.session_id,
            budget=_budget(command.budget),
        )

    async def retry(
        self, user: UUID, session: Session, command: RetrySession, fingerprint: str | None
    ) -> Retry | None:
        """Pin the skills anew from the step on; None when this very command was done already.

        Steps before it stay as they were: what they gave is there, whatever has become of their skills.
        """
        from_step = check_retry(session, command.from_step, command.command_id, fingerprint)
        if from_step is None:
            return None
        plans: list[PlannedStep] = []
        checked = [await self._kept(old) for old in session.steps[: from_step - 1]]
        for old in session.steps[from_step - 1 :]:
            skill = await self._registry.skill(old.skill)
            definition = planning.runnable(skill, old.skill, f"steps[{old.number - 1}].skill", self._registry)
            input_ = old.input
            if old.number == from_step and command.input is not None:
                input_ = await self._seal_input(user, definition.input_schema, command.input)
            plans.append(
                planning.pin(
                    definition,
                    number=old.number,
                    owner=old.agent,
                    input_=input_,
                    id_=old.id,
                    description=old.description,
                    fresh=old.fresh,
                )
            )
            checked.append(
                _checked(old.number, StepInput(skill=old.skill, input=input_, id=old.id), definition)
            )
        templates.check(checked, dict(session.input))
        if command.input is not None:
            templates.check_sealed(checked[from_step - 1], dict(session.input))
        return Retry(
            from_step=from_step,
            steps=tuple(plans),
            command_id=command.command_id,
            fingerprint=fingerprint,
        )

    async def _kept(self, step: PlannedStep) -> templates.CheckedStep:
        """Return of a completed step what later ones may refer to."""
        pinned = await self._registry.definition(step.skill, step.skill_hash)
        output_schema = pinned.output_schema if pinned else {}
        return templates.CheckedStep(
            step.number, step.id, input={}, input_schema={}, output_schema=output_schema
        )

    async def _seal_input(self, user: UUID, schema: Json, given: Json) -> Json:
        """Seal what is personal, and what stands in fields that the skill does not know and never sees."""
        sealed: Json = await seal(self._vault, user, schema, given, keep=template_paths.is_whole, wary=True)
        return sealed

    async def _seal_own(
        self, user: UUID, steps: list[templates.CheckedStep], inputs: list[Json], own: Json
    ) -> Json:
        """Seal what of the session's own input is personal, by where templates carry it."""
        if not own:
            return own
        own = await self._seal_personal(user, steps, own)
        return await self._seal_unknown(user, steps, inputs, own)

    async def _seal_personal(self, user: UUID, steps: list[templates.CheckedStep], own: Json) -> Json:
        """Seal the values that templates carry into fields which a skill calls personal.

        What stands beside and around a value says whose it is, as in an input of a skill.
        """
        own = template_paths.copied(own)
        for reference, target in templates.carried(steps):
            value = template_paths.pick(own, reference.path)
            value = await seal(self._vault, user, target, value, near=near_at(own, reference.path))
            own = template_paths.put(own, reference.path, value)
        return own

    async def _seal_unknown(
        self, user: UUID, steps: list[templates.CheckedStep], inputs: list[Json], own: Json
    ) -> Json:
        """Seal the values that templates carry only to where no skill says what they are.

        One that another template carries as it is, into a public field or a text, may be read: it stays.
        """
        sealed: Json = template_paths.copied(own)
        public: list[template_paths.Path] = []
        for step, reference in templates.taken(steps, inputs):
            value = closed = template_paths.pick(own, reference.path)
            if reference.whole:
                near = near_at(own, reference.path)
                closed = await seal(
                    self._vault, user, step.input_schema, value, at=reference.at, near=near, wary=True
                )
            if closed is value:
                public.append(reference.path)
            else:
                sealed = template_paths.put(sealed, reference.path, closed)
        for path in public:
            sealed = template_paths.put(sealed, path, template_paths.pick(own, path))
        return sealed


def _checked(number: int, step: StepInput, skill: SkillDefinition) -> templates.CheckedStep:
    return templates.CheckedStep(
        number=number,
        id=step.id,
        input=step.input,
        input_schema=skill.input_schema,
        output_schema=skill.output_schema,
    )


def _budget(asked: SessionBudget | None) -> Budget | None:
    return Budget(limit_usd=asked.limit_usd, policy=asked.policy) if asked else None
