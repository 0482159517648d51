#include "recorded_signal.h"

#include <time.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace esphome::fake_chips {

double utc_now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::string setting(const char *name, const std::string &fallback) {
  const char *value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

double setting(const char *name, double fallback) {
  const char *value = std::getenv(name);
  return value == nullptr ? fallback : std::atof(value);
}

RecordedSignal::RecordedSignal(std::vector<float> rest)
    : rest_(std::move(rest)), rate_(setting("FAKE_SIGNAL_RATE", 50.0)), start_(setting("FAKE_SIGNAL_START", 0.0)) {
  std::ifstream file(setting("FAKE_SIGNAL_FILE", std::string("/dev/null")), std::ios::binary);
  float value;
  while (file.read(reinterpret_cast<char *>(&value), sizeof(value)))
    this->rows_.push_back(value);
}

double RecordedSignal::value(size_t column, double utc) const {
  const size_t columns = this->rest_.size();
  const size_t rows = this->rows_.size() / columns;
  const double position = (utc - this->start_) * this->rate_;
  if (position < 0.0 || position + 1.0 >= static_cast<double>(rows))
    return this->rest_[column];
  const auto row = static_cast<size_t>(position);
  const double part = position - std::floor(position);
  const double before = this->rows_[row * columns + column];
  const double after = this->rows_[(row + 1) * columns + column];
  return before + part * (after - before);
}

}  // namespace esphome::fake_chips
