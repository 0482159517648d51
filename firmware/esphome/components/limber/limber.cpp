#include "limber.h"

#include "host_setting.h"
#include "esphome/core/hal.h"
#include "esphome/core/helpers.h"
#include "esphome/core/log.h"

#include <cinttypes>
#include <cmath>

namespace esphome::limber {

static const char *const TAG = "limber";

static constexpr int64_t STATUS_INTERVAL_US = 1000000;
/// chosen: two seconds without a sample are two missing frames at least.
static constexpr int64_t INPUT_SILENCE_US = 2000000;
/// chosen: a bridge that restarts is back before this time.
static constexpr int64_t LINK_SILENCE_US = 15000000;

void LimberComponent::setup() {
  this->clock_offset_us_ = host_setting<uint32_t>("LIMBER_CLOCK_OFFSET_US", 0);
  const size_t count =
      samples_per_frame(this->input_->quantity(), this->input_->rate_hz(), this->link_->max_frame_bytes());
  const FrameIdentity identity{
      .sensor_id = this->sensor_id_,
      .boot_id = random_uint32(),
      .quantity = this->input_->quantity(),
      .rate_x10 = static_cast<uint16_t>(std::lround(this->input_->rate_hz() * 10)),
  };
  this->builder_.init(identity, count, host_setting("LIMBER_KEY", this->key_));
  this->builder_.set_next_sequence(host_setting<uint32_t>("LIMBER_FIRST_SEQUENCE", 0));
  if (!this->allocate_ring_()) {
    this->mark_failed(LOG_STR("Not enough memory for the buffer; set a shorter `buffer`"));
    return;
  }
  this->link_->setup();
  this->input_->set_sink(this);
  this->input_->setup();
  const int64_t now_us = this->now_us();
  this->last_sample_us_ = now_us;
  this->last_link_us_ = now_us;
  if (this->is_measuring_)
    this->input_->start(now_us);
}

bool LimberComponent::allocate_ring_() {
  const size_t frame_bytes = this->builder_.max_frame_bytes();
  const float frames_per_s = this->input_->rate_hz() / this->builder_.samples_per_frame();
  // One more, since the oldest frame is partly older than the buffer is long.
  const size_t slots = static_cast<size_t>(std::ceil(this->buffer_s_ * frames_per_s)) + 1;
  RAMAllocator<uint8_t> allocator;
  uint8_t *memory = allocator.allocate(FrameRing::memory_bytes(slots, frame_bytes));
  if (memory == nullptr)
    return false;
  this->ring_.init(memory, slots, frame_bytes);
  return true;
}

int64_t LimberComponent::now_us() { return this->clock_.unwrap(micros() + this->clock_offset_us_); }

void LimberComponent::loop() {
  const int64_t now_us = this->now_us();
  if (this->is_measuring_)
    this->input_->loop(now_us);
  this->link_->loop();
  this->sender_.loop(*this->link_, this->ring_, this->builder_, static_cast<uint32_t>(now_us),
                     this->battery_percent_());
  if (now_us >= this->next_status_us_) {
    this->next_status_us_ = now_us + STATUS_INTERVAL_US;
    this->update_status_(now_us);
  }
}

void LimberComponent::set_measuring(bool measuring) {
  if (measuring == this->is_measuring_)
    return;
  this->is_measuring_ = measuring;
  if (this->ring_.slots() == 0)
    return;  // before setup()
  if (measuring) {
    this->last_sample_us_ = this->now_us();
    this->input_->start(this->last_sample_us_);
  } else {
    this->input_->stop();
    this->close_frame_();
  }
}

void LimberComponent::add_sample(const int32_t *counts, int64_t taken_us) {
  this->builder_.add_sample(counts, static_cast<uint32_t>(taken_us));
  this->samples_++;
  this->last_sample_us_ = this->now_us();
  if (this->builder_.is_full())
    this->close_frame_();
}

void LimberComponent::lose_samples(uint32_t count) {
  if (count > 0)
    ESP_LOGD(TAG, "%" PRIu32 " samples lost", count);
  this->lost_samples_ += count;
  this->pass_samples(count);
}

void LimberComponent::pass_samples(uint32_t count) {
  if (count == 0)
    return;
  // The samples of a frame follow each other without a gap.
  this->close_frame_();
  this->builder_.skip_samples(count);
}

void LimberComponent::close_frame_() {
  if (this->builder_.is_empty())
    return;
  const uint8_t count = static_cast<uint8_t>(this->builder_.count());
  const size_t bytes = this->builder_.close_frame(this->battery_percent_());
  this->lost_samples_ += this->ring_.push(this->builder_.frame_data(), bytes, count);
}

uint8_t LimberComponent::battery_percent_() const {
#ifdef USE_SENSOR
  if (this->battery_ == nullptr || !this->battery_->has_state() || !std::isfinite(this->battery_->get_state()))
    return BATTERY_UNKNOWN;
  return static_cast<uint8_t>(std::lround(clamp(this->battery_->get_state(), 0.0f, 100.0f)));
#else
  return BATTERY_UNKNOWN;
#endif
}

float LimberComponent::buffer_percent() const {
  return this->ring_.slots() == 0 ? NAN : 100.0f * this->ring_.unsent() / this->ring_.slots();
}

float LimberComponent::backlog_s() {
  if (this->ring_.unsent() == 0)
    return 0;
  return (static_cast<uint32_t>(this->now_us()) - clock_of(this->ring_.first_unsent_frame())) / 1e6f;
}

void LimberComponent::update_status_(int64_t now_us) {
  if (this->link_->is_connected())
    this->last_link_us_ = now_us;
  const bool is_running = this->is_measuring_ && now_us - this->last_sample_us_ < INPUT_SILENCE_US;
  if (this->is_measuring_ && !is_running) {
    this->close_frame_();
    this->status_set_warning(LOG_STR("The sensor chip sends no samples; check its wiring"));
  } else if (now_us - this->last_link_us_ > LINK_SILENCE_US) {
    this->status_set_warning(LOG_STR("No connection to the bridge"));
  } else {
    this->status_clear_warning();
  }
  this->publish_status_(this->link_->is_connected(), is_running);
}

void LimberComponent::publish_status_(bool is_linked, bool is_running) {
#ifdef USE_BINARY_SENSOR
  if (this->link_binary_sensor_ != nullptr)
    this->link_binary_sensor_->publish_state(is_linked);
  if (this->input_binary_sensor_ != nullptr)
    this->input_binary_sensor_->publish_state(is_running);
#endif
}

void LimberComponent::dump_config() {
  ESP_LOGCONFIG(TAG,
                "Limber:\n"
                "  Sensor id: %" PRIu32
                "\n"
                "  Signed: %s\n"
                "  Samples per frame: %u\n"
                "  Buffer: %" PRIu32 " s, %u bytes",
                this->sensor_id_, YESNO(!this->key_.empty()), (unsigned) this->builder_.samples_per_frame(),
                this->buffer_s_,
                (unsigned) FrameRing::memory_bytes(this->ring_.slots(), this->builder_.max_frame_bytes()));
  this->link_->dump_config();
  this->input_->dump_config();
}

}  // namespace esphome::limber
