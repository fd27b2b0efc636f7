"""Every rule that may propose a next step."""

from library.actions import Action
from library.situation import Situation
from library.steps_people import PEOPLE
from library.steps_plans import PLANS


def proposed(at: Situation) -> list[Action]:
    return [action for rule in (*PEOPLE, *PLANS) for action in rule(at)]
