// Conversions become samples: averages over slots, missing slots, and the queue between timer and loop.

#include "check.h"
#include "limber/conversion_queue.h"
#include "limber/slot_average.h"

#include <cmath>
#include <thread>
#include <vector>

using namespace esphome::limber;

/// Run conversions at the given times; return the samples.
static std::vector<SlotAverage::Sample> run(const std::vector<std::pair<int64_t, float>> &conversions) {
  SlotAverage average;
  average.init(250);
  std::vector<SlotAverage::Sample> samples;
  for (const auto &[taken_us, value] : conversions) {
    SlotAverage::Sample sample{};
    if (average.add(value, taken_us, sample))
      samples.push_back(sample);
  }
  return samples;
}

static void four_conversions_make_one_sample() {
  std::vector<std::pair<int64_t, float>> conversions;
  for (int i = 0; i < 4001; i++)
    conversions.emplace_back(i * 1000, static_cast<float>(i % 4));
  const auto samples = run(conversions);
  CHECK(samples.size() == 1000);
  for (size_t i = 0; i < samples.size(); i++) {
    CHECK(samples[i].value == 1.5f);
    CHECK(samples[i].missing == 0);
    CHECK(samples[i].taken_us == static_cast<int64_t>(i) * 4000 + 2000);
  }
}

static void a_stall_is_a_gap_and_no_value() {
  const auto samples = run({{0, 1}, {1000, 3}, {21000, 5}, {22000, 7}, {25000, 9}});
  CHECK(samples.size() == 2);
  CHECK(samples[0].value == 2 && samples[0].missing == 0);
  // Slots 1 to 4 have no conversion.
  CHECK(samples[1].value == 6 && samples[1].missing == 4 && samples[1].taken_us == 22000);
}

static void a_sine_above_half_the_rate_is_weakened() {
  // 230 Hz at 250 samples a second would appear as 20 Hz.
  std::vector<std::pair<int64_t, float>> conversions;
  for (int i = 0; i < 8000; i++)
    conversions.emplace_back(i * 1000, std::sin(2 * M_PI * 230 * i / 1000.0));
  float largest = 0;
  for (const auto &sample : run(conversions))
    largest = std::max(largest, std::fabs(sample.value));
  CHECK(largest < 0.12f);
}

static void the_queue_keeps_the_order_between_threads() {
  ConversionQueue queue;
  constexpr uint32_t COUNT = 100000;
  std::thread writer([&queue]() {
    for (uint32_t i = 0; i < COUNT; i++) {
      while (!queue.push({0, i}))
        std::this_thread::yield();
    }
  });
  for (uint32_t i = 0; i < COUNT; i++) {
    Conversion conversion{};
    while (!queue.pop(conversion))
      std::this_thread::yield();
    CHECK(conversion.taken_us == i);
  }
  writer.join();
}

static void a_full_queue_drops_what_is_new() {
  ConversionQueue queue;
  uint32_t stored = 0;
  while (queue.push({0, stored}))
    stored++;
  Conversion conversion{};
  CHECK(queue.pop(conversion) && conversion.taken_us == 0);
  CHECK(queue.push({0, stored}));
}

int main() {
  four_conversions_make_one_sample();
  a_stall_is_a_gap_and_no_value();
  a_sine_above_half_the_rate_is_weakened();
  the_queue_keeps_the_order_between_threads();
  a_full_queue_drops_what_is_new();
}
