#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace esphome::fake_chips {

/// Return the time of day in s since 1970. Steps of the device's own clock do not change it.
double utc_now();

/// Return an environment variable; `fallback` if it is not set.
std::string setting(const char *name, const std::string &fallback);
double setting(const char *name, double fallback);

/// What a sensor measures over time: rows of 32-bit floats in a file, little endian, at a constant rate.
///
/// FAKE_SIGNAL_FILE names the file, FAKE_SIGNAL_RATE its rate in Hz and FAKE_SIGNAL_START the time of day
/// (s since 1970) of its first row, so that a device that restarts goes on where the night is now.
/// Before and after the file, and without one, the sensor rests.
class RecordedSignal {
 public:
  /// Read the file. `rest` is one row: what the sensor measures at rest.
  explicit RecordedSignal(std::vector<float> rest);

  /// Return the value of a column at a time of day, interpolated between two rows.
  double value(size_t column, double utc) const;

 protected:
  std::vector<float> rest_;
  std::vector<float> rows_;
  double rate_;
  double start_;
};

}  // namespace esphome::fake_chips
