#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_MOTION

#include "input.h"
#include "sample_clock.h"
#include "esphome/components/motion/motion_component.h"

namespace esphome::limber {

/// Any accelerometer of ESPHome's `motion`, polled at its update interval.
class MotionInput final : public AccelerationInput {
 public:
  explicit MotionInput(motion::MotionComponent *motion) : motion_(motion) {}
  void setup() override;
  void dump_config() override;
  float rate_hz() const override { return 1000.0f / this->motion_->get_update_interval(); }
  void start(int64_t now_us) override { this->is_measuring_ = true; }
  void stop() override;

 protected:
  void deliver_(const motion::MotionData &data);

  motion::MotionComponent *motion_;
  PollGaps gaps_;
  bool is_measuring_{false};
  bool was_stopped_{false};
};

}  // namespace esphome::limber
#endif
