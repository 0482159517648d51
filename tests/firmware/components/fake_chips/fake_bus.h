#pragma once

#include <map>
#include <memory>
#include <string>

#include "esphome/components/i2c/i2c_bus.h"
#include "esphome/core/component.h"

#include "chip.h"

namespace esphome::fake_chips {

/// An I2C bus of 400 kHz whose chips a test controls by datagrams to the UDP port FAKE_CONTROL_PORT on loopback.
///
/// A datagram is one of these commands; the answer is the report.
///   report        nothing but the report
///   silence S     no chip acknowledges its address for S seconds
///   power_cycle   every chip loses its power for a moment: its registers and its FIFO
///   block S       the whole firmware is held up for S seconds, as by a slow driver
/// The report is a JSON object: `longest_loop`, the longest time in s between two turns of the main loop since the last
/// report, and `chips` by address. Environment: FAKE_CHIP replaces the model of the first chip; FAKE_RATE_ERROR is in
/// percent; FAKE_SIGNAL_FILE, FAKE_SIGNAL_RATE and FAKE_SIGNAL_START say what the chips measure.
class FakeBus : public i2c::I2CBus, public Component {
 public:
  void add_chip(uint8_t address, const std::string &model);

  void setup() override;
  void loop() override;
  float get_setup_priority() const override { return setup_priority::BUS; }

  i2c::ErrorCode write_readv(uint8_t address, const uint8_t *write_buffer, size_t write_count, uint8_t *read_buffer,
                             size_t read_count) override;

 protected:
  void obey_(const std::string &command);
  std::string report_();

  std::map<uint8_t, std::unique_ptr<Chip>> chips_;
  int socket_{-1};
  /// Time of day until which no chip answers.
  double silent_until_{0.0};
  double last_loop_{0.0};
  double longest_loop_{0.0};
};

}  // namespace esphome::fake_chips
