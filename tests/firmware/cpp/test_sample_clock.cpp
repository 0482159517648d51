// When samples were taken: a chip with a clock of its own, lost samples, and the wrap of the device clock.

#include "check.h"
#include "limber/sample_clock.h"

#include <cmath>
#include <initializer_list>

using namespace esphome::limber;

static constexpr int64_t SECOND_US = 1000000;

/// A chip that measures at a rate of its own from a given time.
struct Chip {
  double rate_hz;
  int64_t started_us;
  int64_t taken = 0;

  double time_of(int64_t number) const { return started_us + (number + 0.37) / rate_hz * 1e6; }
  uint32_t available(int64_t now_us) const {
    int64_t measured = 0;
    if (now_us > time_of(0))
      measured = static_cast<int64_t>((now_us - started_us) * rate_hz / 1e6 - 0.37) + 1;
    return static_cast<uint32_t>(measured - taken);
  }
};

/// Run for some time; return the largest error of a time stamp in the second half, in us.
static double worst_error_us(double true_rate_hz, int64_t jitter_us) {
  FifoClock clock;
  clock.init(52);
  int64_t now_us = 4290 * SECOND_US;  // near the wrap of a 32-bit clock, which must not matter here
  Chip chip{true_rate_hz, now_us};
  clock.start(now_us);
  double worst = 0;
  bool is_drained = true;
  for (int turn = 0; turn < 3000; turn++) {
    now_us += (is_drained ? 100000 : 16000) + (turn * 7919) % (jitter_us + 1);
    if (turn % 200 == 0)
      now_us += 2 * SECOND_US;  // the loop stalls, and the FIFO is read in several turns
    const uint32_t available = chip.available(now_us);
    const uint32_t taken = available > 16 ? 16 : available;
    is_drained = taken == available;
    if (available == 0)
      continue;
    const int64_t first_us = clock.take(now_us, available, taken);
    const double error = std::fabs(first_us - chip.time_of(chip.taken));
    chip.taken += taken;
    if (turn > 1500 && error > worst)
      worst = error;
  }
  return worst;
}

static void time_stamps_are_right_to_one_sample() {
  for (const double rate_hz : {52.0, 50.1, 54.3, 47.0}) {
    CHECK(worst_error_us(rate_hz, 0) < 1e6 / 52);
    CHECK(worst_error_us(rate_hz, 20000) < 1e6 / 52);
  }
}

static void the_period_is_measured() {
  FifoClock clock;
  clock.init(52);
  int64_t now_us = SECOND_US;
  Chip chip{54.0, now_us};
  clock.start(now_us);
  for (int turn = 0; turn < 2000; turn++) {
    now_us += 100000;
    const uint32_t available = chip.available(now_us);
    clock.take(now_us, available, available);
    chip.taken += available;
  }
  CHECK(std::fabs(clock.period_us() - 1e6 / 54.0) < 10);
}

static void lost_samples_are_counted() {
  FifoClock clock;
  clock.init(50);
  clock.start(0);
  CHECK(clock.take(1000000, 50, 50) <= 20000);
  // 10 s without the chip, which is set up again: 500 samples, known to one.
  const uint32_t lost = clock.skip_to(11000000);
  CHECK(lost >= 499 && lost <= 501);
  // Nothing is lost twice.
  CHECK(clock.skip_to(11000000) == 0);
  const int64_t first_us = clock.take(11100000, 5, 5);
  CHECK(first_us > 11000000 - 20000 && first_us < 11040000);
}

static void samples_that_are_read_later_are_not_counted_twice() {
  FifoClock clock;
  clock.init(50);
  clock.start(0);
  int64_t now_us = 0;
  Chip chip{50.0, 0};
  // Each time half of the FIFO stays, for three minutes.
  for (int turn = 0; turn < 1800; turn++) {
    now_us += 100000;
    const uint32_t available = chip.available(now_us);
    const uint32_t taken = (available + 1) / 2;
    clock.take(now_us, available, taken);
    chip.taken += taken;
  }
  CHECK(std::fabs(clock.period_us() - 20000) < 20);
}

static void a_polled_stream_has_gaps_where_the_loop_was_late() {
  PollGaps gaps;
  gaps.init(50);
  CHECK(gaps.missing_before(1000000) == 0);
  CHECK(gaps.missing_before(1020000) == 0);
  CHECK(gaps.missing_before(1041000) == 0);
  CHECK(gaps.missing_before(1069000) == 0);  // 28 ms: late, nothing missing
  CHECK(gaps.missing_before(1169000) == 4);
  CHECK(gaps.missing_before(1170000) == 0);
  // A day without samples.
  CHECK(gaps.missing_before(1170000 + 86400 * SECOND_US) == 86400 * 50 - 1);
}

static void a_32_bit_clock_is_unwrapped() {
  UnwrappedClock clock;
  uint32_t wrapped = 4294000000u;
  const int64_t start = clock.unwrap(wrapped);
  for (int minute = 1; minute <= 600; minute++) {
    wrapped += 60000000u;
    CHECK(clock.unwrap(wrapped) - start == minute * 60 * SECOND_US);
    CHECK(static_cast<uint32_t>(clock.unwrap(wrapped)) == wrapped);
  }
}

int main() {
  time_stamps_are_right_to_one_sample();
  the_period_is_measured();
  lost_samples_are_counted();
  samples_that_are_read_later_are_not_counted_twice();
  a_polled_stream_has_gaps_where_the_loop_was_late();
  a_32_bit_clock_is_unwrapped();
}
