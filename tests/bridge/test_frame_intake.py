"""Which frames are read under a flood: budgets, the queue and the places of connections. Pure."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from devtools.network_sensor import AnkleSensor, leg
from limber_bridge.detection.signal import SECOND
from limber_bridge.domain.read_position import ReadPosition
from limber_bridge.sources.connection_slots import (
    MAX_CONNECTIONS,
    MAX_CONNECTIONS_PER_ADDRESS,
    PROOF_LASTS_US,
    Connection,
    ConnectionSlots,
)
from limber_bridge.sources.frame_intake import FRAMES_PER_SENSOR_HZ, STRANGERS_HZ, FrameIntake
from limber_bridge.sources.frame_queue import (
    MAX_DATAGRAMS,
    MAX_STRANGERS,
    FrameQueue,
    ReceivedFrame,
)
from limber_bridge.sources.frames import HEADER
from limber_bridge.sources.host_clock import HostClock
from limber_bridge.sources.rate_limiter import BURST_CAPACITY_S, MAX_TRACKED_SENDERS, RateLimiter
from limber_bridge.sources.replay_guard import ReplayGuard
from limber_bridge.sources.source_api import Reason
from limber_bridge.sources.standing import Claim, Standing, judge_frame

KEY = b"6c1d0a97e2b4f853"
STANDINGS = st.sampled_from(Standing)
ADDRESSES = st.integers(0, 5).map("10.0.0.{}".format)


class StillClock(HostClock):
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 0
        super().__init__(monotonic=lambda: self.time * 1000)


def judge_by_number(data: bytes) -> Claim:
    """Take the first byte as the standing and the second as the sensor."""
    return Claim(Standing(data[0]), data[1])


def numbered(standing: Standing, sensor: int, number: int) -> bytes:
    """A frame for `judge_by_number`, which differs from that with another number."""
    return bytes([standing, sensor, *number.to_bytes(HEADER.size - 2)])


def received(standing: Standing, number: int = 0) -> ReceivedFrame:
    return ReceivedFrame(bytes([standing, 1]), number, "10.0.0.1", Claim(standing, 1))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, SECOND)), max_size=300), st.integers(1, 50)
)
def test_no_sender_may_send_more_than_its_rate_and_its_burst(
    sent: list[tuple[int, int]], rate: int
) -> None:
    limiter = RateLimiter(rate)
    now = 0
    allowed = Counter[int]()
    for sender, passed in sent:
        now += passed
        allowed[sender] += limiter.allow(f"10.0.0.{sender}", now)
    assert all(count <= rate * (BURST_CAPACITY_S + now / SECOND) + 1 for count in allowed.values())


def test_senders_beyond_the_limit_share_one_bucket() -> None:
    limiter = RateLimiter(1)
    for number in range(MAX_TRACKED_SENDERS):
        assert limiter.allow(f"a{number}", 0)
    assert (
        sum(limiter.allow(f"b{number}", 0) for number in range(MAX_TRACKED_SENDERS))
        == BURST_CAPACITY_S
    )
    assert len(limiter) == MAX_TRACKED_SENDERS + 1


def test_a_sender_that_was_silent_long_enough_makes_room() -> None:
    limiter = RateLimiter(1)
    for number in range(MAX_TRACKED_SENDERS):
        limiter.allow(f"a{number}", 0)
    later = BURST_CAPACITY_S * SECOND
    assert [limiter.allow("new", later) for _ in range(BURST_CAPACITY_S)] == [
        True
    ] * BURST_CAPACITY_S
    assert len(limiter) == MAX_TRACKED_SENDERS


def test_only_a_signed_new_frame_of_a_known_sensor_is_verified() -> None:
    guard = ReplayGuard([ReadPosition(1, 25, 0)])
    keys = {1: KEY, 2: None}
    guards = {1: guard, 2: ReplayGuard()}

    def judge(data: bytes) -> Claim:
        return judge_frame(data, keys, guards)

    signed = AnkleSensor(id=1, key=KEY)
    read_before = signed.frame(leg(0, 0.5, []))
    new = signed.frame(leg(0.5, 0.5, []))
    assert judge(new) == Claim(Standing.VERIFIED, 1)
    assert judge(read_before) == Claim(Standing.CLAIMED, 1)
    assert judge(new[:-1] + b"?") == Claim(Standing.STRANGER, 1)
    assert judge(AnkleSensor(id=1).frame(leg(0, 0.5, []))) == Claim(Standing.STRANGER, 1)
    assert judge(AnkleSensor(id=2).frame(leg(0, 0.5, []))) == Claim(Standing.CLAIMED, 2)
    assert judge(AnkleSensor(id=2, key=KEY).frame(leg(0, 0.5, []))) == Claim(Standing.STRANGER, 2)
    assert judge(AnkleSensor(id=3).frame(leg(0, 0.5, []))) == Claim(Standing.STRANGER)
    assert judge(new[:2] + b"\x02" + new[3:]) == Claim(Standing.STRANGER)


@given(st.binary(max_size=80))
def test_random_bytes_prove_nothing(data: bytes) -> None:
    assert judge_frame(data, {1: KEY}, {1: ReplayGuard()}).standing is Standing.STRANGER


async def test_the_queue_keeps_verified_frames_and_drops_the_oldest_strangers() -> None:
    queue = FrameQueue()
    dropped = Counter(
        queue.offer(received(standing, number))
        for number in range(MAX_DATAGRAMS + 3)
        for standing in Standing
    )
    assert dropped == {
        None: 2 * MAX_DATAGRAMS + MAX_STRANGERS,
        Standing.STRANGER: MAX_DATAGRAMS + 3 - MAX_STRANGERS,
        Standing.CLAIMED: 3,
        Standing.VERIFIED: 3,
    }
    assert len(queue) == 2 * MAX_DATAGRAMS + MAX_STRANGERS
    waiting = [await queue.next(1.0) for _ in range(len(queue))]
    strangers = [one.arrived for one in waiting if one and not one.claim.standing]
    assert strangers == list(range(MAX_DATAGRAMS + 3 - MAX_STRANGERS, MAX_DATAGRAMS + 3))


@given(st.lists(STANDINGS, max_size=600))
async def test_frames_are_read_in_order_of_arrival(sent: list[Standing]) -> None:
    """So what a sensor sends again comes before what is new, also where one of them waits."""
    queue = FrameQueue()
    for number, standing in enumerate(sent):
        queue.offer(received(standing, number))
    read = [await queue.next(1.0) for _ in range(len(queue))]
    numbers = [one.arrived for one in read if one is not None]
    assert numbers == sorted(numbers)
    kept = Counter(one.claim.standing for one in read if one is not None)
    assert kept[Standing.VERIFIED] == sent.count(Standing.VERIFIED)
    assert kept[Standing.CLAIMED] == sent.count(Standing.CLAIMED)


@dataclass(frozen=True, slots=True)
class Datagram:
    """One that arrives some time (us) after the one before."""

    standing: Standing
    sensor: int
    address: str
    passed: int


DATAGRAMS = st.builds(Datagram, STANDINGS, st.integers(0, 3), ADDRESSES, st.integers(0, SECOND))


@given(st.lists(DATAGRAMS, max_size=300))
async def test_a_sensor_within_its_rate_loses_nothing_whatever_else_arrives(
    others: list[Datagram],
) -> None:
    """Sensor 9 sends one verified frame before each of the others, from an address they use."""
    clock = StillClock()
    intake = FrameIntake(clock, judge_by_number)
    for one in others:
        clock.time += one.passed + SECOND // FRAMES_PER_SENSOR_HZ
        for _ in range(3):
            intake.take_datagram(intake.receive(bytes([one.standing, one.sensor]), one.address))
        frame = numbered(Standing.VERIFIED, 9, clock.time)
        intake.take_datagram(intake.receive(frame, "10.0.0.1"))
    read = [await intake.next_frame(1.0) for _ in range(len(intake))]
    assert sum(one is not None and one.claim.sensor == 9 for one in read) == len(others)


@given(clock_frame=st.booleans(), copies=st.integers(0, 3000), address=ADDRESSES)
async def test_copies_of_a_frame_that_was_not_read_yet_take_nothing_from_its_sensor(
    clock_frame: bool, copies: int, address: str
) -> None:
    guards = {1: ReplayGuard()}
    intake = FrameIntake(StillClock(), lambda data: judge_frame(data, {1: KEY}, guards))
    device = AnkleSensor(id=1, key=KEY)
    first = device.clock_frame(0) if clock_frame else device.frame(leg(0, 0.1, []))
    for _ in range(1 + copies):
        intake.take_datagram(intake.receive(first, address))
    later = [device.frame(leg(number / 10, 0.1, [])) for number in range(10)]
    for frame in later:
        intake.take_datagram(intake.receive(frame, "10.0.0.1"))
    read = [await intake.next_frame(1.0) for _ in range(len(intake))]
    verified = [
        one.data for one in read if one is not None and one.claim.standing is Standing.VERIFIED
    ]
    assert verified == [first, *later]


async def test_strangers_share_a_budget_whatever_addresses_they_use() -> None:
    intake = FrameIntake(StillClock(), judge_by_number)
    for number in range(20_000):
        frame = intake.receive(
            bytes([Standing.STRANGER, 1]), f"10.1.{number // 200}.{number % 200}"
        )
        intake.take_datagram(frame)
        if len(intake) == MAX_STRANGERS:
            for _ in range(MAX_STRANGERS):
                await intake.next_frame(1.0)
    (error,) = intake.take_errors()
    assert error.reason is Reason.UNKNOWN_SENDERS
    assert error.detail.startswith(f"{20_000 - STRANGERS_HZ * BURST_CAPACITY_S} frames discarded")
    assert not list(intake.take_errors())


async def test_a_sensor_that_sends_too_much_is_named_as_overload() -> None:
    intake = FrameIntake(StillClock(), judge_by_number)
    for number in range(2 * FRAMES_PER_SENSOR_HZ * BURST_CAPACITY_S):
        frame = numbered(Standing.VERIFIED, 1, number)
        intake.take_datagram(intake.receive(frame, "10.0.0.1"))
    (error,) = intake.take_errors()
    assert error.reason is Reason.OVERLOADED
    assert error.detail.startswith(f"{FRAMES_PER_SENSOR_HZ * BURST_CAPACITY_S} frames discarded")


@dataclass(frozen=True, slots=True)
class Step:
    """What a device on the network does some time (us) after the step before."""

    address: str
    frame: Standing | None
    """None: it opens another connection; else it sends a frame over its latest one."""
    passed: int


STEPS = st.builds(Step, ADDRESSES, st.none() | STANDINGS, st.integers(0, SECOND))


@given(st.lists(STEPS, max_size=400))
def test_connections_are_limited_and_none_with_verified_frames_gives_way(
    steps: list[Step],
) -> None:
    slots = ConnectionSlots(1)
    now = 0
    closed: set[int] = set()
    latest: dict[str, int] = {}
    verified_at: dict[int, int] = {}
    opened: list[Connection | None] = []
    for step in steps:
        now += step.passed
        if step.frame is None:
            number = len(opened)
            opened.append(slots.admit(step.address, partial(closed.add, number), now))
            latest[step.address] = number
            continue
        number = latest.get(step.address, -1)
        connection = opened[number] if number >= 0 else None
        if connection is not None and number not in closed:
            connection.note_frame(step.frame, now)
            if step.frame is Standing.VERIFIED:
                verified_at[number] = now
    held = Counter(
        one.address for number, one in enumerate(opened) if one is not None and number not in closed
    )
    assert held.total() == len(slots) <= MAX_CONNECTIONS
    assert max(held.values(), default=0) <= MAX_CONNECTIONS_PER_ADDRESS
    assert not closed.intersection(
        number for number, at in verified_at.items() if now - at < PROOF_LASTS_US
    )


def test_the_oldest_connection_without_proof_gives_way_first() -> None:
    slots = ConnectionSlots(1)
    closed: list[int] = []
    opened = [
        slots.admit(f"10.0.{number}.1", partial(closed.append, number), number)
        for number in range(MAX_CONNECTIONS)
    ]
    proofs = defaultdict(lambda: Standing.VERIFIED, {1: Standing.CLAIMED, 3: Standing.STRANGER})
    for number, connection in enumerate(opened):
        assert connection is not None
        connection.note_frame(proofs[number], MAX_CONNECTIONS)
    now = MAX_CONNECTIONS
    for number in range(3):
        slots.admit(f"10.1.{number}.1", partial(closed.append, 100 + number), now)
    # The one that has sent nothing of a sensor, then those that came after it, and so on.
    assert closed == [3, 100, 101]


def test_a_connection_is_refused_where_all_others_have_proven_more() -> None:
    slots = ConnectionSlots(1)
    for number in range(MAX_CONNECTIONS):
        connection = slots.admit(f"10.0.{number}.1", lambda: None, 0)
        assert connection is not None
        connection.note_frame(Standing.VERIFIED, 0)
    assert slots.admit("10.1.0.1", lambda: None, PROOF_LASTS_US - 1) is None
    assert slots.admit("10.1.0.1", lambda: None, PROOF_LASTS_US) is not None
