#include "chip.h"

#include <algorithm>
#include <cmath>

namespace esphome::fake_chips {

void Oscillator::run_at(double nominal_rate, double utc) {
  this->rate_ = nominal_rate * (1.0 + setting("FAKE_RATE_ERROR", 0.0) / 100.0);
  this->start_ = utc;
  this->taken_ = 0;
}

int16_t Chip::count_of_(size_t axis, double utc, double counts_per_g) const {
  const double counts = std::round(this->signal_.value(axis, utc) * counts_per_g);
  return static_cast<int16_t>(std::clamp(counts, -32768.0, 32767.0));
}

}  // namespace esphome::fake_chips
