#include "statistics.h"
#ifdef USE_SENSOR

#include "esphome/core/log.h"

namespace esphome::limber {

static const char *const TAG = "limber.sensor";

void LimberStatistics::update() {
  const int64_t now_us = this->parent_->now_us();
  const uint32_t samples = this->parent_->samples();
  if (this->rate_sensor_ != nullptr && this->updated_us_ != 0)
    this->rate_sensor_->publish_state((samples - this->samples_) * 1e6f / (now_us - this->updated_us_));
  this->samples_ = samples;
  this->updated_us_ = now_us;
  if (this->lost_samples_sensor_ != nullptr)
    this->lost_samples_sensor_->publish_state(this->parent_->lost_samples());
  if (this->buffer_sensor_ != nullptr)
    this->buffer_sensor_->publish_state(this->parent_->buffer_percent());
  if (this->backlog_sensor_ != nullptr)
    this->backlog_sensor_->publish_state(this->parent_->backlog_s());
}

void LimberStatistics::dump_config() {
  LOG_SENSOR("  ", "Rate", this->rate_sensor_);
  LOG_SENSOR("  ", "Lost samples", this->lost_samples_sensor_);
  LOG_SENSOR("  ", "Buffer", this->buffer_sensor_);
  LOG_SENSOR("  ", "Backlog", this->backlog_sensor_);
}

}  // namespace esphome::limber
#endif
