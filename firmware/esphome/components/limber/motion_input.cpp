#include "motion_input.h"
#ifdef USE_LIMBER_MOTION

#include "esphome/core/log.h"

#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber.motion";

void MotionInput::setup() {
  this->gaps_.init(this->rate_hz());
  this->motion_->add_listener([this](const motion::MotionData &data) {
    if (this->is_measuring_)
      this->deliver_(data);
  });
}

void MotionInput::stop() {
  this->is_measuring_ = false;
  this->was_stopped_ = true;
}

void MotionInput::deliver_(const motion::MotionData &data) {
  int32_t counts[MAX_AXES];
  for (size_t axis = 0; axis < MAX_AXES; axis++) {
    if (!std::isfinite(data.acceleration[axis]))
      return;
    counts[axis] = std::lround(data.acceleration[axis] * this->counts_per_g_());
  }
  const int64_t now_us = this->sink_->now_us();
  const uint32_t missing = this->gaps_.missing_before(now_us);
  if (this->was_stopped_) {
    this->sink_->pass_samples(missing);
  } else {
    this->sink_->lose_samples(missing);
  }
  this->was_stopped_ = false;
  this->sink_->add_sample(counts, now_us);
}

void MotionInput::dump_config() {
  ESP_LOGCONFIG(TAG,
                "  Motion component, polled:\n"
                "    Rate: %.1f Hz",
                this->rate_hz());
}

}  // namespace esphome::limber
#endif
