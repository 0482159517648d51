#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_FIFO

#include "input.h"
#include "sample_clock.h"
#include "esphome/components/i2c/i2c.h"

#include <cstddef>
#include <cstdint>

namespace esphome::limber {

/// What a FIFO says about itself.
struct FifoLevel {
  uint32_t samples;
  bool overrun;
};

/// An accelerometer with a FIFO on an I2C bus: reading, time stamps, overrun and a silent chip, for all chips.
class FifoInput : public AccelerationInput, public i2c::I2CDevice {
 public:
  void set_rate(float rate_hz) { this->rate_hz_ = rate_hz; }
  /// Full scale of the chip, in g.
  void set_range(uint8_t range_g) { this->range_g_ = range_g; }
  float rate_hz() const override { return this->rate_hz_; }
  void start(int64_t now_us) override;
  void loop(int64_t now_us) override;
  void stop() override;

 protected:
  /// chosen: several transfers of this size fit into one turn of the loop even on a bus of 100 kHz (11 ms).
  static constexpr size_t MAX_SAMPLES_PER_READ = 16;
  static constexpr size_t MAX_SAMPLE_BYTES = 8;

  /// Identify the chip and reset it; false if it does not answer as expected.
  virtual bool reset_chip_() = 0;
  /// Set the chip up after its reset and start its FIFO.
  virtual bool setup_chip_() = 0;
  /// Put the chip to sleep.
  virtual void sleep_chip_() = 0;
  virtual bool read_level_(FifoLevel &level) = 0;
  /// Empty the FIFO and let it start again with a whole sample.
  virtual bool reset_fifo_() = 0;
  /// Read `count` samples: three axes of raw counts each.
  virtual bool read_samples_(int16_t (*raw)[MAX_AXES], size_t count) = 0;

  enum class State : uint8_t { STOPPED, SILENT, RESETTING, RUNNING };

  void begin_reset_(int64_t now_us);
  void finish_setup_(int64_t now_us);
  uint32_t skip_time_(int64_t now_us);
  void drop_invalid_();
  void read_fifo_(int64_t now_us);
  void report_silent_(int64_t now_us, const char *what);
  void deliver_(const int16_t *raw, int64_t taken_us);

  float rate_hz_{0};
  uint8_t range_g_{4};
  FifoClock clock_;
  State state_{State::STOPPED};
  bool has_measured_{false};  // at least once since the boot
  bool was_stopped_{false};   // the time without samples was wanted
  bool is_reported_{false};
  uint32_t invalid_samples_{0};
  int64_t next_step_us_{0};
  int64_t last_sample_us_{0};
};

}  // namespace esphome::limber
#endif
