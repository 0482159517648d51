"""How often a password may be tried."""

from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.web.attempts import (
    ADDRESSES_MAX,
    ATTEMPTS_MAX,
    ATTEMPTS_MAX_IN_ALL,
    WINDOW_S,
    AttemptLimiter,
)

attempts = st.lists(st.tuples(st.integers(0, 30), st.floats(0, WINDOW_S)), max_size=300)


@given(attempts)
def test_never_more_than_the_limits_in_any_window(tried: list[tuple[int, float]]) -> None:
    now = 0.0
    limiter = AttemptLimiter(lambda: now)
    allowed: list[tuple[int, float]] = []
    for host, wait in tried:
        now += wait
        if limiter.allow(f"192.0.2.{host}"):
            allowed.append((host, now))
    for host, begin in allowed:
        within = [one for one in allowed if begin <= one[1] < begin + WINDOW_S]
        assert len(within) <= ATTEMPTS_MAX_IN_ALL
        assert sum(other == host for other, _ in within) <= ATTEMPTS_MAX


def test_all_addresses_together_are_limited() -> None:
    limiter = AttemptLimiter(lambda: 0.0)
    allowed = [limiter.allow(f"198.51.100.{host}") for host in range(2 * ATTEMPTS_MAX_IN_ALL)]
    assert allowed.count(True) == ATTEMPTS_MAX_IN_ALL


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    limiter = AttemptLimiter(lambda: 0.0)
    allowed = [limiter.allow(f"2001:db8::{host:x}") for host in range(2 * ATTEMPTS_MAX)]
    assert allowed.count(True) == ATTEMPTS_MAX
    assert limiter.allow("2001:db8:0:1::1")


def test_addresses_do_not_fill_the_memory() -> None:
    now = 0.0
    limiter = AttemptLimiter(lambda: now)
    for host in range(2 * ADDRESSES_MAX):
        now += WINDOW_S
        assert limiter.allow(f"10.0.{host // 256}.{host % 256}")
    assert len(limiter._by_network) <= ADDRESSES_MAX
