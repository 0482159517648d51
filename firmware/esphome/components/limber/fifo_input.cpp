#include "fifo_input.h"
#ifdef USE_LIMBER_FIFO

#include "esphome/core/log.h"

#include <algorithm>
#include <cinttypes>
#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber.fifo";

/// chosen: a few samples at a time; the FIFOs hold at least 1.7 s.
static constexpr int64_t READ_INTERVAL_US = 100000;
/// chosen: a chip that sends nothing for this long is set up again.
static constexpr int64_t SILENCE_US = 1000000;
static constexpr int64_t RETRY_INTERVAL_US = 1000000;
/// The InvenSense chips take up to 100 ms after a reset before their registers can be written. chosen: 10 ms more.
static constexpr int64_t RESET_TIME_US = 110000;
/// The first sample after a FIFO was switched on is not valid (data sheets of the LSM6DS3 and LSM6DS3TR-C).
static constexpr uint32_t INVALID_SAMPLES = 1;

void FifoInput::start(int64_t now_us) {
  this->clock_.init(this->rate_hz_);
  this->begin_reset_(now_us);
}

void FifoInput::stop() {
  if (this->state_ == State::RUNNING)
    this->sleep_chip_();
  this->state_ = State::STOPPED;
  this->was_stopped_ = true;
}

void FifoInput::begin_reset_(int64_t now_us) {
  if (!this->reset_chip_()) {
    this->report_silent_(now_us, "it does not answer as expected");
    return;
  }
  this->state_ = State::RESETTING;
  // From the end of the transfer: this task may have been interrupted since the turn of the loop began.
  this->next_step_us_ = this->sink_->now_us() + RESET_TIME_US;
}

void FifoInput::finish_setup_(int64_t now_us) {
  if (!this->setup_chip_()) {
    this->report_silent_(now_us, "it cannot be set up");
    return;
  }
  this->skip_time_(now_us);
  this->state_ = State::RUNNING;
  this->next_step_us_ = now_us + READ_INTERVAL_US;
  this->last_sample_us_ = now_us;
}

/// The FIFO is empty now: whatever was measured since the last sample is gone. Return how many samples.
uint32_t FifoInput::skip_time_(int64_t now_us) {
  this->invalid_samples_ = INVALID_SAMPLES;
  if (!this->has_measured_) {
    this->clock_.start(now_us);
    return 0;
  }
  const uint32_t gone = this->clock_.skip_to(now_us);
  if (this->was_stopped_) {
    this->sink_->pass_samples(gone);
  } else {
    this->sink_->lose_samples(gone);
  }
  return gone;
}

void FifoInput::loop(int64_t now_us) {
  if (now_us < this->next_step_us_)
    return;
  switch (this->state_) {
    case State::STOPPED:
      break;
    case State::SILENT:
      this->begin_reset_(now_us);
      break;
    case State::RESETTING:
      this->finish_setup_(now_us);
      break;
    case State::RUNNING:
      this->read_fifo_(now_us);
      break;
  }
}

void FifoInput::read_fifo_(int64_t now_us) {
  FifoLevel level{};
  if (!this->read_level_(level)) {
    this->report_silent_(now_us, "it does not answer");
    return;
  }
  if (level.overrun) {
    // What is left in the FIFO may start in the middle of a sample, and its number of samples is not certain.
    if (!this->reset_fifo_()) {
      this->report_silent_(now_us, "its FIFO cannot be emptied");
      return;
    }
    [[maybe_unused]] const uint32_t lost = this->skip_time_(now_us);
    ESP_LOGW(TAG, "FIFO overrun: the loop was too slow; %" PRIu32 " samples lost", lost);
    this->last_sample_us_ = now_us;
    return;
  }
  if (level.samples == 0) {
    this->next_step_us_ = now_us + READ_INTERVAL_US;
    if (now_us - this->last_sample_us_ > SILENCE_US)
      this->report_silent_(now_us, "it answers, but measures nothing");
    return;
  }
  int16_t raw[MAX_SAMPLES_PER_READ][MAX_AXES];
  const uint32_t count = std::min<uint32_t>(level.samples, MAX_SAMPLES_PER_READ);
  if (!this->read_samples_(raw, count)) {
    this->report_silent_(now_us, "reading its FIFO failed");
    return;
  }
  const int64_t first_us = this->clock_.take(now_us, level.samples, count);
  for (uint32_t i = 0; i < count; i++) {
    if (this->invalid_samples_ > 0) {
      this->drop_invalid_();
    } else {
      this->deliver_(raw[i], first_us + static_cast<int64_t>(i * this->clock_.period_us()));
    }
  }
  this->last_sample_us_ = now_us;
  this->is_reported_ = false;
  // A FIFO with more samples is read on in the next turn of the loop.
  if (level.samples == count)
    this->next_step_us_ = now_us + READ_INTERVAL_US;
}

void FifoInput::report_silent_(int64_t now_us, const char *what) {
  if (!this->is_reported_)
    ESP_LOGW(TAG, "Chip silent: %s; check its wiring and its address 0x%02X", what, this->address_);
  this->is_reported_ = true;
  this->state_ = State::SILENT;
  this->next_step_us_ = now_us + RETRY_INTERVAL_US;
}

/// A sample number is used up only within a recording, not before its beginning.
void FifoInput::drop_invalid_() {
  this->invalid_samples_--;
  if (this->was_stopped_) {
    this->sink_->pass_samples(1);
  } else if (this->has_measured_) {
    this->sink_->lose_samples(1);
  }
}

void FifoInput::deliver_(const int16_t *raw, int64_t taken_us) {
  const float counts_per_raw = this->range_g_ / 32768.0f * this->counts_per_g_();
  int32_t counts[MAX_AXES];
  for (size_t axis = 0; axis < MAX_AXES; axis++) {
    counts[axis] = std::lround(raw[axis] * counts_per_raw);
    // At the end of the chip's range the true value is unknown; the frame has a count that says so.
    if (raw[axis] == INT16_MAX || raw[axis] == INT16_MIN)
      counts[axis] = full_scale_of(this->quantity());
  }
  this->has_measured_ = true;
  this->was_stopped_ = false;
  this->sink_->add_sample(counts, taken_us);
}

}  // namespace esphome::limber
#endif
