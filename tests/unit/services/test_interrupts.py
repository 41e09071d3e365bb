"""Requests to stop are answered once, and only where they can do no harm."""

import pytest

from skydriver.services.interrupts import Interrupts


def test_a_request_is_answered_at_once_until_requests_are_held():
    with pytest.raises(KeyboardInterrupt):
        Interrupts().ask()


def test_a_held_request_is_answered_where_it_is_welcome():
    interrupts = Interrupts()
    interrupts.hold()
    interrupts.ask()
    reached = False
    with pytest.raises(KeyboardInterrupt), interrupts.welcome():
        reached = True
    assert not reached


def test_a_request_is_answered_while_it_is_welcome_and_held_again_after():
    interrupts = Interrupts()
    interrupts.hold()
    with interrupts.welcome():
        pass
    interrupts.ask()
    with pytest.raises(KeyboardInterrupt), interrupts.welcome():
        pass

    other = Interrupts()
    other.hold()
    with pytest.raises(KeyboardInterrupt), other.welcome():
        other.ask()
    other.ask()


def test_only_the_first_request_is_answered():
    interrupts = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        interrupts.ask(2, None)
    interrupts.ask(2, None)
    assert interrupts.asked
