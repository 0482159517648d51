"""The daemon: the only file that knows who is wired to whom.

Law: sample -> detector -> journal -> broker, in this order, one thing at a time. What cannot be handled ends the
process; the service manager starts it again, and the journal knows how to go on.
"""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from limber_bridge import __version__
from limber_bridge.clock import HostClock, Step
from limber_bridge.config import Config, Sleeper
from limber_bridge.database import Ailment
from limber_bridge.detection.events import Event
from limber_bridge.detection.personal import ROUNDED, Label, UnknownEventError
from limber_bridge.detection.signal import SECOND, Sensor
from limber_bridge.health import PROBLEM_ENDED, PROBLEM_SILENT, SILENT
from limber_bridge.journal import Journal, JournalError, Page, SpoiltError, UnwritableError, latest
from limber_bridge.messages import (
    Answer,
    Ask,
    AskEndNight,
    AskEvents,
    AskLabel,
    AskNights,
    AskResetLabels,
    BridgeHealth,
    ClockChange,
    DoneAnswer,
    Info,
    JournalHealth,
    LabelAnswer,
    Problem,
    Refusal,
    Report,
    SleeperInfo,
    State,
)
from limber_bridge.mqtt import HEARTBEAT, HOME_ASSISTANT, Heartbeat, Link
from limber_bridge.nights import micros, utc
from limber_bridge.process import ServiceManager, process_health
from limber_bridge.raw import Raw, shelf_of
from limber_bridge.recorder import Recorder
from limber_bridge.sources import SOURCES
from limber_bridge.sources.arrival import (
    Arrival,
    Ended,
    Read,
    Reason,
    Request,
    Samples,
    Source,
    SourceLostError,
    Trouble,
    Wanted,
)
from limber_bridge.sources.seen import Seen
from limber_bridge.watch import MEANS, Change, Kept, NothingToEndError, Sign, Watch
from limber_bridge.web import listening
from limber_bridge.wire import (
    ONLINE,
    PAGE,
    MalformedMessageError,
    Topics,
    encode,
    event_id,
    event_message,
    events_answer,
    labelled,
    night_done,
    nights_answer,
    parse_ask,
)

LOG: Final = logging.getLogger(__name__)

WAITING: Final = 1000
"""Arrivals and questions that may wait; sources wait, questions beyond it are thrown away."""
TICK: Final = 1.0
"""s between two looks at the time."""
STATE_EVERY: Final = 60 * SECOND
"""us after which state is published although nothing but its figures changed."""
STUCK: Final = 30.0
"""s without a look at the time after which the detection counts as stuck: only a restart helps then."""
SHED: Final = 60 * SECOND
"""us for which it is told that something was thrown away."""
AT_ONCE: Final = 256
"""Arrivals that are kept with one wait for the disk."""
STATE_APART: Final = SECOND // 4
"""us between two states of one sleeper at least; what changes sooner goes out with the next tick."""
MEMORY_EVERY: Final = 5 * SECOND
"""us between two notes of how far the sensors have been read."""
AGAIN: Final = 10.0
"""s until a source that was lost is tried again."""
SELDOM: Final = 300.0
"""s between two attempts at the most to open a source anew that delivers nothing: someone is not in bed all day."""
OVERLOADED: Final = "overloaded"
NO_PAGE: Final = "health_page"
"""What can be wrong with the bridge besides its connection; docs/protocol.md, section 3."""
LOGGED: Final = 1000
"""Different troubles that are remembered at the most: strangers can make up any number."""
UPKEEP: Final = 60.0
"""s between two looks at the date."""
PATIENCE: Final = 5.0
"""s for the journal to answer a question."""
SEEN: Final = 600 * SECOND
"""us for which the same trouble is not logged again."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A message from the broker."""

    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Tick:
    """A second has passed."""


type Job = Arrival | Heard | Tick


@dataclass(slots=True)
class Told:
    """What others and the journal were told of a sleeper, and when (us)."""

    phase: int = 0
    """us before the others: that not all sleepers' states are made at once."""
    state: int = 0
    measured: int = 0
    """How far the sensors had been read when that was kept."""
    signs: tuple[Sign, ...] = ()
    problems: tuple[str, ...] = ()
    recording: Ailment | None = None
    info: SleeperInfo | None = None
    owes: bool = True
    """Something changed since the last state."""


class Bridge:
    """Everything that runs."""

    def __init__(self, config: Config, journal: Journal, host: HostClock, heartbeat: Heartbeat = HEARTBEAT) -> None:
        """Wire it up; nothing moves before `run`."""
        now = host.now()
        self._heartbeat, self._steady = heartbeat, host.steady()
        self._config, self._journal, self._host, self._begun = config, journal, host, now
        known = all_kept(journal, config, now)
        self._watches = {sleeper.id: Watch(sleeper, config, known[sleeper.id], now) for sleeper in config.sleepers}
        self._recorder = Recorder(journal)
        self._raw = Raw(shelf_of(config), config.calendar, now)
        self._kept_raw = raw_sensors(config)
        self._owned = journal.topics()
        self._notice = " ".join(journal.notices) or None
        self._owner = {watched.sensor.id: sleeper.id for sleeper in config.sleepers for watched in sleeper.sensors}
        self._told = {
            sleeper.id: Told(phase=STATE_EVERY * index // len(config.sleepers))
            for index, sleeper in enumerate(config.sleepers)
        }
        self._remembered = now
        self._ends: dict[int, int] = {}
        self._seen = {sensor: Seen(read) for sensor, read in journal.read().items()}
        self._unkept: dict[str, list[tuple[int, Read]]] = {sleeper.id: [] for sleeper in config.sleepers}
        self._service = ServiceManager()
        self._shed: int | None = None
        self._clock_change: ClockChange | None = None
        self._page_trouble = ""
        self._ticked = 0.0
        self._there: set[int] = set()
        self._logged: dict[tuple[int | None, str], int] = {}
        self._info = b""
        self._owes_greeting = self._owes_info = False
        self._process = process_health()
        self._inbox: asyncio.Queue[Job] = asyncio.Queue(WAITING)
        self._ahead: Job | None = None
        self._queues: dict[str, Callable[[], int]] = {"jobs": self._inbox.qsize}
        self._topics = Topics(config.broker.base, config.bridge)

    async def run(self) -> None:
        """Watch until cancelled, then say good-bye. JournalError when nothing can be kept any more."""
        for notice in self._journal.notices:
            LOG.error("%s", notice)
        if self._journal.before is not None:
            LOG.info("the journal was brought up to date; as it was before it is kept as %s", self._journal.before)
        self._ticked = asyncio.get_running_loop().time()
        self._link = Link(self._config.broker, self._topics, self._heard, self._host.now, self._heartbeat)
        self._link.greet = self._greet_soon
        self._link.start()
        try:
            async with self._page(), asyncio.TaskGroup() as group:
                for name, wanted in self._wanted():
                    group.create_task(self._pump(name, SOURCES[name], wanted))
                group.create_task(self._clock())
                group.create_task(self._upkeep())
                group.create_task(self._raw.run())
                group.create_task(self._work())
                self._service.ready()
        except BaseExceptionGroup as errors:
            broken = errors.subgroup(JournalError)
            if broken is None:
                raise
            raise JournalError(str(broken.exceptions[0])) from errors
        finally:
            self._service.stopping()
            await self._interrupt()
            await self._link.stop()
            await self._recorder.close()
            await self._raw.close()

    @asynccontextmanager
    async def _page(self) -> AsyncIterator[None]:
        """Answer whoever asks how the bridge does, where that is wanted."""
        if self._config.page is None:
            yield
            return
        async with listening(self._config.page, self._report) as trouble:
            self._page_trouble = trouble
            yield

    async def _interrupt(self) -> None:
        """Keep what is still open, with the duration that was seen: a movement is not lost because we are stopped."""
        for watch in self._watches.values():
            change = watch.interrupt(self._host.now())
            with contextlib.suppress(JournalError):
                await self._recorder.keep(self._page_of(watch, change))

    def _wanted(self) -> Iterator[tuple[str, tuple[Wanted, ...]]]:
        """Yield the sensors that each source is asked for."""
        for name, source in SOURCES.items():
            wanted = tuple(
                watched.wanted
                for sleeper in self._config.sleepers
                for watched in sleeper.sensors
                if watched.source == name
            )
            for sensors in [wanted] if source.together and wanted else [(one,) for one in wanted]:
                yield name, sensors

    def _request(self, name: str, wanted: tuple[Wanted, ...]) -> Request:
        """Return what a source is asked for, as things are now."""
        signed = {one.sensor.id: tuple(self._seen.get(one.sensor.id, ())) for one in wanted}
        settings, calendar = self._config.sections.get(name), self._config.calendar
        return Request(wanted, settings, calendar, self._host, self._begun, signed, self._queues)

    async def _pump(self, name: str, source: Source, wanted: tuple[Wanted, ...]) -> None:
        """Hand on what a source delivers; when it is lost, or silent though its sensors are live, open it anew."""
        complained, patience = "", SILENT / SECOND
        while True:
            # Whatever number a source begins with, ours go on: what was seen before would be dropped.
            bases = {one.sensor.id: self._ends.get(one.sensor.id, 0) for one in wanted}
            try:
                async with contextlib.aclosing(source.run(self._request(name, wanted))) as arrivals:
                    heard = await self._hand_on(arrivals, bases, patience if source.live else None)
                if heard is None:
                    return
            except SourceLostError as error:
                heard = False
                if str(error) != complained:
                    LOG.error("source %s: %s", name, error)  # noqa: TRY400 - for a person, who has no use for a traceback
                complained = str(error)
                await asyncio.sleep(AGAIN)
            if heard:
                complained, patience = "", SILENT / SECOND
            else:
                patience = min(2 * patience, SELDOM)

    async def _hand_on(
        self, arrivals: AsyncGenerator[Arrival], bases: Mapping[int, int], patience: float | None
    ) -> bool | None:
        """Hand on what a source delivers until it is over, or until no sample has come for `patience` s.

        Return None when it is over, else whether there were samples before.
        """
        loop, heard = asyncio.get_running_loop(), False
        until = None if patience is None else loop.time() + patience
        while True:
            try:
                async with asyncio.timeout_at(until):
                    arrival = await anext(arrivals)
            except StopAsyncIteration:
                return None
            except TimeoutError:
                LOG.debug("no sample for %g s; opening the source anew", patience)
                return heard
            if isinstance(arrival, Samples):
                heard, arrival = True, self._numbered(arrival, bases[arrival.sensor])
            await self._inbox.put(arrival)
            # Only now: it is not the source's fault if we are slow.
            until = loop.time() + SILENT / SECOND if heard and until is not None else until

    def _numbered(self, samples: Samples, base: int) -> Samples:
        """Return samples with the numbers that the detector knows them by, and note how far they have come."""
        samples = samples.shifted(base) if base else samples
        self._ends[samples.sensor] = max(samples.block.end, self._ends.get(samples.sensor, 0))
        return samples

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            await self._inbox.put(Tick())

    async def _upkeep(self) -> None:
        """See to the journal when the bridge starts and once a night is over."""
        done: date | None = None
        while True:
            today = self._config.calendar.night_of(self._host.now())
            if today != done:
                await self._recorder.upkeep(today, self._config.limits)
                await self._raw.tidy([sleeper.id for sleeper in self._config.sleepers])
                done = today
            await asyncio.sleep(UPKEEP)

    async def _work(self) -> None:
        while True:
            job = await self._next()
            if self._owes_greeting:
                self._owes_greeting = False
                await self._greet()
            match job:
                case Tick():
                    await self._tick()
                case Heard() as heard:
                    await self._answer(heard.payload)
                case Samples() | Trouble() | Ended():
                    # What else has come goes with it: the disk is waited for once.
                    await self._apply_all([change for one in self._others(job) for change in self._arrived(one)])

    def _others(self, arrival: Arrival) -> Iterator[Arrival]:
        """Yield an arrival and those that wait right behind it."""
        yield arrival
        for _ in range(AT_ONCE - 1):
            if self._ahead is None and not self._inbox.empty():
                self._ahead = self._inbox.get_nowait()
            if not isinstance(self._ahead, Samples | Trouble | Ended):
                return
            following, self._ahead = self._ahead, None
            yield following

    async def _next(self) -> Job:
        """Wait for the next job."""
        job, self._ahead = self._ahead, None
        return job or await self._inbox.get()

    async def _tick(self) -> None:
        """Let time pass for everybody."""
        self._host.now()
        for step in self._host.steps():
            await self._clock_set(step)
        for watch in self._watches.values():
            await self._apply(watch, watch.tick(self._host.now()))
            # With many sleepers this takes long; what sensors send must not wait for all of them.
            await asyncio.sleep(0)
        if abs(self._host.now() - self._remembered) >= MEMORY_EVERY:
            await self._remember()
        if self._owes_info:
            self._tell_info()
        self._process = process_health()
        # Here, as nothing else shows that samples are read, understood and kept.
        self._ticked = asyncio.get_running_loop().time()
        self._service.alive(self._status())

    async def _clock_set(self, step: Step) -> None:
        by = step.by / SECOND
        LOG.warning("the clock of this machine was set by %+.1f s; times before and after do not belong together", by)
        self._clock_change = ClockChange(time=utc(step.at), by=by)
        for watch in self._watches.values():
            await self._apply(watch, watch.clock_set(step.at, step.by))

    async def _remember(self) -> None:
        """Keep how far the sensors of all sleepers have been read, at once: a commit for each would take too long."""
        self._remembered = self._host.now()
        read_on = [watch for watch in self._watches.values() if watch.measured != self._told[watch.id].measured]
        if not read_on:
            return
        for watch in read_on:
            self._told[watch.id].measured = watch.measured
        await self._recorder.keep(*(self._page_of(watch, Change()) for watch in read_on))

    def _page_of(self, watch: Watch, change: Change) -> Page:
        """Return what has to be kept of a change, and how far the sleeper's sensors have been read."""
        read, self._unkept[watch.id] = self._unkept[watch.id], []
        return page_of(watch, change, read)

    def _arrived(self, arrival: Arrival) -> Iterator[tuple[Watch, Change]]:
        """Yield what comes of an arrival, and for whom."""
        if isinstance(arrival, Trouble):
            self._log(arrival.sensor, arrival.reason, arrival.detail)
            self._shed = self._host.now() if arrival.reason is Reason.OVERLOADED else self._shed
        if isinstance(arrival, Samples) and arrival.read is not None:
            self._seen.setdefault(arrival.sensor, Seen()).note(arrival.read)
            self._unkept[self._owner[arrival.sensor]].append((arrival.sensor, arrival.read))
        if arrival.sensor is not None:
            watch = self._watches[self._owner[arrival.sensor]]
            if isinstance(arrival, Samples) and arrival.sensor in self._kept_raw:
                self._raw.take(watch.id, self._kept_raw[arrival.sensor], arrival.block)
            yield watch, watch.arrive(arrival, self._host.now())

    async def _apply(self, watch: Watch, change: Change) -> None:
        """Keep a change, then tell it."""
        await self._apply_all([(watch, change)])

    async def _apply_all(self, changes: Sequence[tuple[Watch, Change]]) -> None:
        """Keep changes, all at once, then tell them."""
        pages = [self._page_of(watch, change) for watch, change in changes if change]
        if pages:
            await self._recorder.keep(*pages)
        for watch, change in changes:
            self._tell_change(watch, change)

    def _tell_change(self, watch: Watch, change: Change) -> None:
        """Tell what is kept."""
        told, now = self._told[watch.id], self._host.now()
        if change:
            told.measured = watch.measured
        for filed in change.events:
            message = event_message(filed.event, filed.night, filed.known) if filed.told else None
            if message is not None:
                self._link.publish(self._topics.event(watch.id), encode(message), retain=False)
        for night in change.finished:
            LOG.info("%s: night of %s finished (revision %d)", watch.id, night.date, night.revision)
            self._link.publish(self._topics.event(watch.id), encode(night_done(night, now)), retain=False)
        self._tell(watch, now, owes=bool(change))

    def _tell(self, watch: Watch, now: int, *, owes: bool) -> None:
        """Publish the state of a sleeper if it is time, and what the bridge is if that has changed."""
        told = self._told[watch.id]
        signs, problems = watch.signs(now), tuple(problem.key for problem in self._problems(now))
        recording = self._recorder.now.reason
        if signs != told.signs:
            self._log_signs(watch, told.signs, signs)
            owes = True
        owes |= (problems, recording) != (told.problems, told.recording)
        told.signs, told.problems, told.recording = signs, problems, recording
        told.owes |= owes
        # The clock may have been set back.
        apart = abs(now - told.state)
        # Figures can wait while samples cannot.
        soon = STATE_APART if self._inbox.qsize() < WAITING // 2 else STATE_EVERY
        if apart >= STATE_EVERY or (told.owes and apart >= soon):
            self._publish_state(watch, now)
            self._owes_info |= watch.info != told.info
            told.info = watch.info

    def _publish_state(self, watch: Watch, now: int, earlier: int = 0) -> None:
        """Publish a state; the next one is due a minute later, or `earlier` by so much (us)."""
        self._link.publish(self._topics.state(watch.id), encode(self._state(watch, now)), retain=True)
        self._told[watch.id].state, self._told[watch.id].owes = now - earlier, False

    def _problems(self, now: int) -> Iterator[Problem]:
        """Yield what is wrong with the bridge itself."""
        yield from self._link.problems
        if self._shed is not None and abs(now - self._shed) < SHED:
            text = "more comes than can be read, and some was thrown away; look for a sensor that sends too much"
            yield Problem(key=OVERLOADED, text=text)
        if self._page_trouble:
            yield Problem(key=NO_PAGE, text=self._page_trouble)

    def _health(self, now: int) -> BridgeHealth:
        """Return how the bridge does."""
        return BridgeHealth(
            started=utc(self._begun), uptime=round((self._host.steady() - self._steady) / SECOND, 1),
            broker=self._link.health, process=self._process, clock=self._clock_change,
            queues={name: waiting() for name, waiting in self._queues.items()}, problems=tuple(self._problems(now)),
        )  # fmt: skip

    def _report(self) -> Report:
        """Return what is well and what is not."""
        now = self._host.now()
        health = self._health(now)
        sleepers = {watch.id: watch.sensors(now) for watch in self._watches.values()}
        troubled = any(one.problem not in (None, PROBLEM_ENDED) for them in sleepers.values() for one in them.values())
        alive = asyncio.get_running_loop().time() - self._ticked < STUCK
        recording = self._recorder.now.well
        return Report(
            well=alive and recording and not health.problems and not troubled, alive=alive, time=utc(now),
            software=__version__, recording=recording, journal=self._record(), bridge=health, sleepers=sleepers,
        )  # fmt: skip

    def _status(self) -> str:
        """Return how things are, in a line for the service manager."""
        now = self._host.now()
        signs = [sign for watch in self._watches.values() for sign in watch.signs(now)]
        there = sum(sign.connected for sign in signs)
        detail = self._recorder.now.detail
        first = detail or next((problem.text for problem in self._problems(now)), "")
        return f"{there} of {len(signs)} sensors deliver" + (f"; {first}" if first else "")

    def _state(self, watch: Watch, now: int) -> State:
        """Return everything that is true of a sleeper now, and how the record does."""
        recording = self._recorder.now.well
        return replace(watch.state(now), recording=recording, journal=self._record(), bridge=self._health(now))

    def _record(self) -> JournalHealth:
        """Return how the record does."""
        recording = self._recorder.now
        return JournalHealth(
            problem=recording.reason, detail=recording.detail, held=recording.held, lost=recording.lost,
            notice=self._notice, signal=self._raw.problem,
        )  # fmt: skip

    def _tell_info(self, *, anyway: bool = False) -> None:
        info = encode(
            Info(
                bridge=self._config.bridge,
                name=self._config.name,
                software=__version__,
                time_zone=self._config.calendar.zone.key,
                rules=self._config.rules.name,
                sleepers=tuple(watch.info for watch in self._watches.values()),
            )
        )
        if anyway or info != self._info:
            self._link.publish(self._topics.info, info, retain=True)
        self._info, self._owes_info = info, False

    def _greet_soon(self) -> None:
        """Greet before the next job, and see that there is one: only there nothing else uses the journal."""
        self._owes_greeting = True
        if not self._inbox.full():
            self._inbox.put_nowait(Tick())

    async def _greet(self) -> None:
        """Publish everything that is retained: to a broker, or to a Home Assistant, that may know nothing of us."""
        now = self._host.now()
        self._tell_info(anyway=True)
        for watch in self._watches.values():
            self._publish_state(watch, now, self._told[watch.id].phase)
        retained = [self._topics.status, self._topics.info, *(self._topics.state(sleeper) for sleeper in self._watches)]
        self._link.greeted(retained, self._owned)
        self._owned = set(retained)
        await self._recorder.keep_topics(retained)

    def _heard(self, topic: str, payload: bytes) -> None:
        """Take in a message from the broker."""
        if topic == HOME_ASSISTANT:
            if payload == ONLINE:
                self._greet_soon()
            return
        if self._inbox.full():
            self._log(None, "questions", "more questions than can be answered; some were thrown away")
            return
        self._inbox.put_nowait(Heard(topic, payload))

    async def _answer(self, payload: bytes) -> None:
        try:
            reply, ask = parse_ask(payload, self._topics)
        except MalformedMessageError as error:
            self._log(None, "malformed question", str(error))
            return
        if not isinstance(ask, Refusal) and ask.sleeper not in self._watches:
            known = ", ".join(self._watches)
            ask = Refusal(id=ask.id, error="unknown_sleeper", message=f"no sleeper `{ask.sleeper}`; there are {known}")
        answer = ask if isinstance(ask, Refusal) else await self._tried(ask)
        self._link.publish(reply, encode(answer), retain=False)

    async def _tried(self, ask: Ask) -> Answer:
        """Return the answer, or why the journal cannot give one: a question ends no bridge."""
        try:
            return await self._answer_to(ask)
        except TimeoutError:
            text = f"the disk of the bridge did not answer in {PATIENCE:g} s; ask again later"
        except JournalError as error:
            text = str(error)
        self._log(None, "unreadable", text)
        return Refusal(id=ask.id, error="unreadable", message=text)

    async def _answer_to(self, ask: Ask) -> Answer:
        match ask:
            case AskEndNight():
                return await self._end_night(ask)
            case AskLabel():
                return await self._label(ask)
            case AskResetLabels():
                return await self._reset_labels(ask)
            case AskNights() | AskEvents():
                async with asyncio.timeout(PATIENCE):
                    return await self._looked_up(ask)

    async def _looked_up(self, ask: AskNights | AskEvents) -> Answer:
        match ask:
            case AskNights():
                limit = PAGE // 200
                nights = await asyncio.to_thread(self._journal.nights, ask.sleeper, ask.after, limit)
                more, after = len(nights) == limit, ask.after or date.min
                # What the disk did not take yet is true all the same.
                waiting = [night for night in self._recorder.nights(ask.sleeper) if night.date > after and not more]
                together = {night.date: night for night in (*nights, *waiting)}
                return nights_answer(ask, [together[day] for day in sorted(together)], more=more)
            case AskEvents():
                limit = PAGE // 100
                dropped = await asyncio.to_thread(self._journal.dropped, ask.sleeper, ask.night)
                if dropped is not None:
                    text = (
                        f"the events of {ask.night} were dropped on {utc(dropped):%Y-%m-%d}: see `keep` in limber.yaml"
                    )
                    return Refusal(id=ask.id, error="forgotten", message=text)
                entries = await asyncio.to_thread(self._journal.entries, ask.sleeper, ask.night, ask.after, limit)
                messages = [(entry, event_message(entry.event, entry.night)) for entry in entries]
                said = self._watches[ask.sleeper].labels.said
                told = [
                    (one.number, labelled(message, one.event, said)) for one, message in messages if message is not None
                ]
                return events_answer(ask, told, more=len(entries) == limit)

    async def _end_night(self, ask: AskEndNight) -> Answer:
        watch = self._watches[ask.sleeper]
        try:
            await self._apply(watch, watch.end_night(self._host.now()))
        except NothingToEndError as error:
            return Refusal(id=ask.id, error="nothing_to_end", message=str(error))
        return DoneAnswer(id=ask.id)

    async def _label(self, ask: AskLabel) -> Answer:
        watch, now = self._watches[ask.sleeper], self._host.now()
        if ask.time is not None and micros(ask.time) > now + ROUNDED:
            mend = f"{ask.time.isoformat()} is still to come; write when it was"
            return Refusal(id=ask.id, error="time_ahead", message=mend)
        try:
            async with asyncio.timeout(PATIENCE):
                label = await asyncio.to_thread(self._labelled, watch, ask)
        except UnknownEventError as error:
            return Refusal(id=ask.id, error="unknown_event", message=str(error))
        await self._apply(watch, watch.label(label))
        return LabelAnswer(id=ask.id, event=label.id)

    def _labelled(self, watch: Watch, ask: AskLabel) -> Label:
        """Return the label that a question asks for, by what the journal knows of the event or the moment."""
        if ask.event is not None:
            key = event_id(ask.event)
            return watch.labels.for_event(key, self._journal.event(watch.id, key), cramp=ask.cramp)
        moment = watch.time if ask.time is None else micros(ask.time)
        nights = [self._journal.events(watch.id, night) for night in sorted(watch.nights_about(moment))]
        return watch.labels.for_moment(moment, [event for night in nights for event in night], cramp=ask.cramp)

    async def _reset_labels(self, ask: AskResetLabels) -> Answer:
        watch = self._watches[ask.sleeper]
        await self._recorder.keep(Page(watch.id, unlabelled=True))
        watch.forget_labels()
        self._tell(watch, self._host.now(), owes=True)
        return DoneAnswer(id=ask.id)

    def _log(self, sensor: int | None, key: str, text: str) -> None:
        """Log trouble, once and not for every packet; of a stranger's, what it says tells it apart."""
        now, what = self._host.now(), (sensor, text if key == Reason.UNKNOWN_SENSOR else key)
        if len(self._logged) >= LOGGED:
            self._logged.clear()
        new = abs(now - self._logged.get(what, -SEEN)) >= SEEN
        self._logged[what] = now
        if new:
            LOG.warning("%s%s", "" if sensor is None else f"sensor {sensor}: ", text)

    def _log_signs(self, watch: Watch, before: tuple[Sign, ...], signs: tuple[Sign, ...]) -> None:
        """Log sensors that came or went, a line each; what was away for less than a minute is not worth one."""
        known = {sign.sensor: sign for sign in before}
        for sign in signs:
            earlier = known.get(sign.sensor)
            was = None if earlier is None else earlier.problem
            if sign.problem == PROBLEM_SILENT and was != PROBLEM_SILENT:
                LOG.warning("sensor %d (%s) is silent; check its power and its network", sign.sensor, watch.id)
            elif sign.problem == PROBLEM_ENDED and was != PROBLEM_ENDED:
                LOG.info("sensor %d (%s): its recording is over", sign.sensor, watch.id)
            elif sign.connected and (sign.sensor not in self._there or was == PROBLEM_SILENT):
                self._there.add(sign.sensor)
                LOG.info("sensor %d (%s) is there", sign.sensor, watch.id)


async def serve(config: Config, journal: Journal) -> None:
    """Run a bridge until a signal ends it. JournalError when nothing can be kept any more."""
    serving = asyncio.ensure_future(Bridge(config, journal, HostClock()).run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    try:
        await serving
    except asyncio.CancelledError:
        LOG.info("stopped")


def raw_sensors(config: Config) -> dict[int, Sensor]:
    """Return the sensors whose signal is kept; one that is played from a recording has it already."""
    live = [sleeper for sleeper in config.sleepers if sleeper.live and config.limits.raw]
    return {watched.sensor.id: watched.sensor for sleeper in live for watched in sleeper.sensors}


def page_of(watch: Watch, change: Change, read: Sequence[tuple[int, Read]] = ()) -> Page:
    """Return what has to be kept of a change, with how far signed frames were read."""
    events = tuple((filed.night, filed.event) for filed in change.events)
    return Page(
        watch.id, change.renewed, events, watch.memory, change.finished, labels=change.labels, read=latest(read)
    )  # fmt: skip


def all_kept(journal: Journal, config: Config, now: int) -> dict[str, Kept]:
    """Return what the journal knows of every sleeper; a journal in which something of it is spoilt is set aside."""
    try:
        return {sleeper.id: kept(journal, sleeper, config, now) for sleeper in config.sleepers}
    except SpoiltError as error:
        journal.set_aside(str(error))
        return {sleeper.id: kept(journal, sleeper, config, now) for sleeper in config.sleepers}


def kept(journal: Journal, sleeper: Sleeper, config: Config, now: int) -> Kept:
    """Return what the journal knows of a sleeper that matters now.

    A sleeper who is played from recordings begins anew each time: of its nights only the figures are taken over.
    """
    last, labels = journal.last_night(sleeper.id), journal.labels(sleeper.id)
    if not sleeper.live:
        nights = journal.nights(sleeper.id)
        finished = {night.date: night for night in nights}
        return Kept(finished=finished, last=last, recent=nights[-max(MEANS) :], labels=labels)
    tonight, memory = config.calendar.night_of(now), journal.memory(sleeper.id)
    around = {tonight + timedelta(days=days) for days in (-1, 0, 1)}
    # What the sensors missed since they were last read belongs to that night, too.
    read = {config.calendar.night_of(one.until) for one in memory.sensors.values() if one.until} if memory else set()
    events = filed_anew(journal, sleeper, config, sorted({*journal.unfinished(sleeper.id), *around, *read}))
    done = journal.nights(sleeper.id)
    finished = {night.date: night for night in done}
    return Kept(memory, events, finished, last, done[-max(MEANS) :], labels)


def filed_anew(journal: Journal, sleeper: Sleeper, config: Config, nights: Sequence[date]) -> dict[date, list[Event]]:
    """Return the events of some nights, filed by the calendar as it is now: the time zone may have changed."""
    found: dict[date, list[Event]] = {}
    moved: list[tuple[date, Event]] = []
    for night in nights:
        filed = journal.events(sleeper.id, night)
        if filed:
            # Also where all of them belong elsewhere now: a night that was finished with them is to be finished without.
            found.setdefault(night, [])
        for event in filed:
            right = config.calendar.night_of(event.onset)
            found.setdefault(right, []).append(event)
            moved += [(right, event)] if right != night else []
    if moved:
        # A disk that does not take it now gets it when somebody goes on with the night.
        with contextlib.suppress(UnwritableError):
            journal.write([Page(sleeper.id, events=tuple(moved))])
    return found
