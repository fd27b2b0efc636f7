"""Deliberate faults, one rule broken each: a simulation that lets one pass proves nothing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from orchestrator import (
    claims,
    commands,
    decide,
    evolve,
    follow,
    keeping_back,
    ledger,
    ledgers,
    reports,
    sessions,
    settling,
    steps,
    sweep,
    timers,
)
from orchestrator.session import Session
from projector import attempts, rows, runs
from shared import jetstream_log, registry, subjects
from sim import faulty, faulty_words, tables
from sim.asked import ANYTHING, Focus
from sim.chance import CALM, Faults
from skill_runner import cache, cache_key, handlers

DEADLY = Faults(crash=0.04)
LOSSY = Faults(lost=0.1, lost_ack=0.2, doubled=0.2, slow=0.05)
SLOW = Faults(doubled=0.2, slow=0.2)
UNANSWERED = Faults(lost=0.1, lost_ack=0.5)
BEHIND = Faults(behind=0.5)
LATE_ACKS = Faults(lost_ack=0.2)
UNHEARD = Faults(crash=0.06, lost=0.3)
UNHEARD_PAID = Faults(crash=0.02, lost=0.2, lost_ack=0.2)
BOUGHT = ("buy", "collect")

NEVER_ENDED = "an accepted session never ended"
AFTER_THE_END = "a step after the end"
WRONG_OUTPUT = "a step's output is not what its skill made of the step before"
CALLED_AGAIN = "an item of an attempt was called"
ANSWER_LOST = "a paid answer is missing in the log"
QUEUED_AGAIN = "work was queued"
UNEVEN = "the ledger"
TOLD_TWICE = "an attempt has"


@dataclass(frozen=True)
class Mutant:
    """`owner.name` is replaced by what `make` makes of it; runs with this focus break the promise."""

    title: str
    promise: str
    owner: Any
    name: str
    make: Callable[[Any], Any]
    focus: Focus = ANYTHING


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Live with the fault for a while."""
    real = getattr(mutant.owner, mutant.name)
    setattr(mutant.owner, mutant.name, mutant.make(real))
    try:
        yield
    finally:
        setattr(mutant.owner, mutant.name, real)


MUTANTS = (
    Mutant("a repeated report is recorded again", "an attempt has", decide, "_report", faulty.no_dedupe),
    Mutant(
        "free work is acked before its report is safe",
        QUEUED_AGAIN,
        handlers.Handlers,
        "_run_custom",
        faulty.ack_before_report,
        Focus(skills=("add",), faults=DEADLY, restarts=0),
    ),
    Mutant(
        "a report is answered before it is appended",
        ANSWER_LOST,
        reports.Reports,
        "report",
        faulty.answer_before_append,
        Focus(skills=BOUGHT, faults=DEADLY),
    ),
    Mutant(
        "commits are appended unguarded",
        "a session started twice",
        jetstream_log.JetStreamLog,
        "append",
        faulty.unguarded,
    ),
    Mutant(
        "a lost answer is taken for yes",
        NEVER_ENDED,
        jetstream_log.JetStreamLog,
        "append",
        faulty.guess_after_timeout,
        Focus(faults=LOSSY),
    ),
    Mutant(
        "every runner may run a paid attempt",
        CALLED_AGAIN,
        claims,
        "answer",
        faulty.one_answer_to_all,
        Focus(skills=BOUGHT, faults=DEADLY),
    ),
    Mutant("the sweep finds nothing", NEVER_ENDED, follow, "outstanding", faulty.nothing_outstanding),
    Mutant(
        "the sweep sets no timers again",
        NEVER_ENDED,
        follow,
        "outstanding",
        faulty.no_timers,
        Focus(faults=DEADLY),
    ),
    Mutant(
        "whatever copy of the log is read has got far enough",
        UNEVEN,
        sessions.Sessions,
        "load",
        faulty.believes_any_copy,
        Focus(skills=BOUGHT, faults=BEHIND),
    ),
    Mutant("the sweep dispatches no work again", NEVER_ENDED, follow, "outstanding", faulty.no_work),
    Mutant(
        "nobody looks for work that was passed over",
        NEVER_ENDED,
        sweep,
        "floors",
        faulty.knows_no_floors,
        Focus(skills=("add",), restarts=1),
    ),
    Mutant(
        "what is kept back has no turn",
        NEVER_ENDED,
        keeping_back.KeepingBack,
        "run",
        faulty.nobody_s_turn,
    ),
    Mutant(
        "a runner offers its report once",
        ANSWER_LOST,
        handlers,
        "deliver",
        faulty.says_it_once,
        Focus(faults=LOSSY),
    ),
    Mutant(
        "a queued report is acked unread",
        NEVER_ENDED,
        reports.Reports,
        "late",
        faulty.late_unrecorded,
        Focus(faults=LOSSY),
    ),
    Mutant(
        "paid attempts are not claimed", UNEVEN, handlers.Handlers, "_run_paid", faulty.paid_without_claim
    ),
    Mutant(
        "a runner forgets what it reported",
        CALLED_AGAIN,
        handlers.Handlers,
        "_report",
        faulty.forgets_what_it_reported,
        Focus(skills=("buy",), faults=LOSSY),
    ),
    Mutant(
        "a report after the end counts",
        WRONG_OUTPUT,
        decide,
        "_report",
        faulty.deaf_to_the_end,
        Focus(faults=LOSSY, cancelled=1.0),
    ),
    Mutant(
        "a retry outlives the session",
        AFTER_THE_END,
        evolve,
        "evolve",
        faulty.wakes_the_dead,
        Focus(faults=CALM, cancelled=1.0),
    ),
    Mutant(
        "the checkpoint moves apart from the rows",
        "is not what the folded log says",
        tables.Tables,
        "write",
        faulty.checkpoint_apart,
    ),
    Mutant(
        "a cached result counts for what is being paid for",
        UNEVEN,
        decide,
        "_may_end",
        faulty.paid_and_cached,
        Focus(skills=("keep",), faults=DEADLY),
    ),
    Mutant(
        "the cache does not look at the input",
        WRONG_OUTPUT,
        cache_key.KeyParts,
        "told",
        faulty.one_answer_for_all_inputs,
        Focus(skills=("keep",)),
    ),
    Mutant(
        "what is queued is not known by its message",
        "a command was done",
        commands.Sent,
        "with_id",
        faulty.nameless,
        Focus(faults=LOSSY, cancelled=1.0, alone=0),
    ),
    Mutant("calls are made before money is set aside", UNEVEN, claims.Claims, "_reserved", faulty.unreserved),
    Mutant(
        "what is in doubt costs nothing",
        UNEVEN,
        settling,
        "settlement",
        faulty.doubts_are_free,
        Focus(skills=("buy",), faults=DEADLY),
    ),
    Mutant(
        "anybody's reservation is released",
        UNEVEN,
        Session,
        "may_have_called",
        faulty.nobody_called,
        Focus(skills=("buy",), faults=UNANSWERED, cancelled=1.0),
    ),
    Mutant(
        "a ledger forgets who is paid for",
        UNEVEN,
        ledger,
        "_settled",
        faulty.forgets_who_is_paid,
        Focus(skills=("buy",), faults=SLOW),
    ),
    Mutant(
        "a limit does not count what is set aside",
        "more was set aside than a limit allows",
        ledger.Ledger,
        "purse",
        faulty.counts_what_is_spent_alone,
        Focus(skills=BOUGHT, faults=SLOW),
    ),
    Mutant(
        "a session's limit is not looked at",
        "more was set aside than the session's limit allows",
        decide,
        "start_attempt",
        faulty.without_its_limit,
    ),
    Mutant("a session's limit is never taken away", NEVER_ENDED, decide, "set_budget", faulty.does_nothing),
    Mutant(
        "a bad start that was queued leaves no word",
        "an accepted session has no history",
        decide,
        "_refuse",
        faulty.does_nothing,
        Focus(faults=CALM, cancelled=0),
    ),
    Mutant(
        "a step that failed for good ends nothing",
        NEVER_ENDED,
        decide,
        "after_failure",
        faulty.never_gives_up,
    ),
    Mutant(
        "the next attempt is not told what is paid for",
        "was in the log and was bought again",
        follow,
        "done",
        faulty.forgets_what_is_done,
        Focus(skills=("collect",)),
    ),
    Mutant(
        "calls of models are not recorded",
        "a call is missing in the log",
        decide,
        "_calls",
        faulty.calls_nobody,
    ),
    Mutant(
        "a runner asks for an attempt twice and no more",
        "an attempt was lost whose runner lives",
        handlers.Handlers,
        "_claimed",
        faulty.asks_twice,
        Focus(skills=BOUGHT, faults=LATE_ACKS, restarts=0),
    ),
    Mutant(
        "nothing to settle is what any copy of the ledger says",
        "money was left to the sweep",
        ledgers,
        "_asks_for_all",
        faulty.believes_any_ledger,
        Focus(skills=BOUGHT, faults=BEHIND, restarts=0),
    ),
    Mutant(
        "a session waits for money that is there",
        NEVER_ENDED,
        claims.Claims,
        "resume",
        faulty_words.gives_no_money,
        Focus(faults=CALM),
    ),
    Mutant("a wait for the provider is told again", TOLD_TWICE, decide, "_defer", faulty_words.defers_again),
    Mutant(
        "what is asked for anew is answered from the cache",
        "a step is not as fresh as it was asked for",
        decide,
        "request",
        faulty_words.never_fresh,
    ),
    Mutant(
        "a step is tried for ever",
        "a step is tried again after",
        steps,
        "_may_try_again",
        faulty_words.always,
        Focus(faults=LOSSY),
    ),
    Mutant(
        "a step is tried once less",
        "a step was given up after",
        steps,
        "_may_try_again",
        faulty_words.one_try_less,
    ),
    Mutant(
        "what is in doubt is called again",
        "a step is tried again though it is in doubt",
        decide,
        "after_failure",
        faulty_words.calls_in_doubt,
        Focus(skills=("heed",), faults=DEADLY),
    ),
    Mutant(
        "a provider's pause is not heeded",
        "a step is tried again sooner than its provider asks",
        decide,
        "after_failure",
        faulty_words.knows_no_pause,
    ),
    Mutant(
        "retries come at once",
        "a step was tried again before that was due",
        timers.Timers,
        "_wait_s",
        faulty_words.at_once,
    ),
    Mutant(
        "all work is left to the sweep",
        "an attempt was taken up after",
        follow.Follow,
        "_publish",
        faulty_words.nobody_is_told,
        Focus(calm=1.0),
    ),
    Mutant(
        "nobody is told to stop",
        "a call was made for a session that was cancelled",
        follow.Follow,
        "_stop",
        faulty_words.nobody_is_told,
        Focus(skills=("collect",), cancelled=1.0, calm=1.0),
    ),
    Mutant(
        "results are kept for longer than they may be",
        "a result from the cache is too old",
        cache,
        "timedelta",
        faulty_words.keeps_for_a_day,
        Focus(skills=("keep",)),
    ),
    Mutant(
        "a session does not count what is in doubt",
        "the ledger counts",
        evolve,
        "_doubt",
        faulty_words.no_doubt,
        Focus(skills=("buy",), faults=DEADLY),
    ),
    Mutant(
        "the tables tell of no wait for a provider",
        "the tables show a session as",
        runs,
        "_waits_on",
        faulty_words.always_work,
    ),
    Mutant(
        "the tables count no doubt",
        "in a ledger of",
        rows,
        "ledger_changes",
        faulty_words.no_doubt_in_tables,
        Focus(skills=("buy",), faults=DEADLY),
    ),
    Mutant(
        "a repetition is answered as the first",
        "a command was answered twice as the first of its kind",
        commands,
        "_answer",
        faulty_words.always_the_first,
    ),
    Mutant(
        "whoever cancels what is cancelled is told that they did",
        "were told that their cancel was the first",
        commands,
        "_answer",
        faulty_words.always_the_first,
        Focus(cancelled=1.0),
    ),
    Mutant(
        "who reads a history is told what any copy has",
        "who reads a history is not told all of it",
        commands.Commands,
        "_page",
        faulty_words.any_page,
        Focus(faults=BEHIND),
    ),
    Mutant(
        "who asks for the account is told what any copy has",
        "who asks for the account is not told all of it",
        ledgers.Ledgers,
        "load",
        faulty_words.any_account,
        Focus(faults=BEHIND),
    ),
    Mutant(
        "a balance carries no limits forward",
        "the tables show other limits than",
        ledger,
        "_carried",
        faulty_words.carries_no_limits,
    ),
    Mutant(
        "a retry begins all anew",
        "a session failed for no reason that there was",
        evolve,
        "evolve",
        faulty_words.forgets_steps_done,
        Focus(faults=CALM, cancelled=1.0),
    ),
    Mutant(
        "a ledger's copy that is behind is one that has lost its end",
        "money was left to the sweep",
        ledgers.Ledgers,
        "_catch_up_after",
        faulty_words.behind_is_lost,
        Focus(skills=BOUGHT, faults=BEHIND, restarts=0),
    ),
    Mutant(
        "whoever sends another command under the same id is told that it is done",
        "was taken for the one of its id",
        decide,
        "check_same",
        faulty_words.always,
    ),
    Mutant(
        "a lease runs on for long",
        "s after its runner",
        follow.Follow,
        "_set_lease",
        faulty_words.long_leases,
        Focus(skills=BOUGHT, calm=1.0),
    ),
    Mutant(
        "nobody is believed who says that nobody was called",
        "whose runner lives and called nobody",
        handlers,
        "_uncalled",
        faulty_words.called_by_nobody_known,
        Focus(skills=BOUGHT, faults=UNANSWERED),
    ),
    Mutant(
        "nobody asks before a call",
        "a call was made by somebody who had not claimed its attempt",
        handlers.Handlers,
        "_run_paid",
        faulty.paid_without_claim,
    ),
    Mutant(
        "no money is set aside before a call",
        "a call was made for which no money was set aside",
        claims.Claims,
        "_reserved",
        faulty.unreserved,
    ),
    Mutant(
        "who waits for money is looked for now and then",
        "a session waited for money that was there",
        sweep,
        "EVERY_S",
        faulty_words.ten_minutes,
        Focus(skills=("collect",), cancelled=0, calm=1.0, limited=1.0),
    ),
    Mutant(
        "whoever has not run an attempt ends it whatever is queued",
        "an attempt was taken for lost whose report lay in the queue",
        follow.Follow,
        "record_queued",
        faulty_words.nobody_is_told,
        Focus(skills=("add",), faults=UNHEARD, ack_wait_s=1.5),
    ),
    Mutant(
        "whoever has not claimed an attempt hides the report of who has",
        "an attempt was taken for lost whose report lay in the queue",
        subjects,
        "late",
        faulty_words.one_for_all,
        Focus(skills=("buy",), faults=UNHEARD_PAID, ack_wait_s=1.5),
    ),
    Mutant(
        "whoever runs a skill takes its newest version",
        "an attempt ran another version than it was asked for",
        registry.Registry,
        "_version",
        faulty_words.the_newest,
        Focus(released=1.0),
    ),
    Mutant(
        "the cache does not look at the version",
        "a result from the cache is another version's",
        cache_key.KeyParts,
        "told",
        faulty_words.one_answer_for_all_versions,
        Focus(skills=("keep",), released=1.0),
    ),
    Mutant(
        "what has ended stays outstanding",
        "what is outstanding is not what is open",
        runs,
        "ENDED",
        faulty_words.empty,
    ),
    Mutant(
        "the tables do not count attempts",
        "of 1 attempts",
        runs,
        "started",
        faulty_words.says_it_runs,
    ),
    Mutant(
        "the tables forget what an attempt used",
        "for a session that has spent",
        attempts,
        "_used",
        faulty_words.used_nothing,
    ),
    Mutant(
        "calls of unknown price are not counted",
        "attempts of unknown price",
        ledger,
        "_settled",
        faulty_words.knows_all_prices,
    ),
)
