#pragma once

#include "frame.h"
#include "frame_ring.h"
#include "frame_sender.h"
#include "input.h"
#include "sample_clock.h"
#include "esphome/core/component.h"
#include "esphome/core/defines.h"
#ifdef USE_BINARY_SENSOR
#include "esphome/components/binary_sensor/binary_sensor.h"
#endif
#ifdef USE_SENSOR
#include "esphome/components/sensor/sensor.h"
#endif

#include <string>

namespace esphome::limber {

/// One sensor of a bridge: takes samples from an input, keeps them in a ring, sends them over a link.
class LimberComponent final : public Component, public SampleSink {
#ifdef USE_BINARY_SENSOR
  SUB_BINARY_SENSOR(link)
  SUB_BINARY_SENSOR(input)
#endif

 public:
  void set_input(Input *input) { this->input_ = input; }
  void set_link(FrameLink *link) { this->link_ = link; }
  void set_sensor_id(uint32_t sensor_id) { this->sensor_id_ = sensor_id; }
  void set_key(const std::string &key) { this->key_ = key; }
  void set_buffer(uint32_t seconds) { this->buffer_s_ = seconds; }
#ifdef USE_SENSOR
  void set_battery(sensor::Sensor *battery) { this->battery_ = battery; }
#endif

  void setup() override;
  void loop() override;
  void dump_config() override;
  float get_setup_priority() const override { return setup_priority::AFTER_WIFI; }

  void set_measuring(bool measuring);

  int64_t now_us() override;
  void add_sample(const int32_t *counts, int64_t taken_us) override;
  void lose_samples(uint32_t count) override;
  void pass_samples(uint32_t count) override;

  /// Samples taken since the boot.
  uint32_t samples() const { return this->samples_; }
  /// Samples lost since the boot: by the chip, or overwritten in the ring before they were sent.
  uint32_t lost_samples() const { return this->lost_samples_; }
  /// Part of the ring that waits for being sent, in percent.
  float buffer_percent() const;
  /// Age of the oldest frame that waits for being sent, in s.
  float backlog_s();

 protected:
  bool allocate_ring_();
  void close_frame_();
  uint8_t battery_percent_() const;
  void update_status_(int64_t now_us);
  void publish_status_(bool is_linked, bool is_running);

  Input *input_{nullptr};
  FrameLink *link_{nullptr};
#ifdef USE_SENSOR
  sensor::Sensor *battery_{nullptr};
#endif
  uint32_t sensor_id_{0};
  std::string key_;
  uint32_t buffer_s_{60};

  UnwrappedClock clock_;
  uint32_t clock_offset_us_{0};  // not 0 in tests only
  FrameBuilder builder_;
  FrameRing ring_;
  FrameSender sender_;

  bool is_measuring_{true};
  uint32_t samples_{0};
  uint32_t lost_samples_{0};
  int64_t last_sample_us_{0};
  int64_t last_link_us_{0};
  int64_t next_status_us_{0};
};

}  // namespace esphome::limber
