#include "tcp_link.h"
#ifdef USE_LIMBER_TCP

#include "host_setting.h"
#include "esphome/components/network/util.h"
#include "esphome/core/hal.h"
#include "esphome/core/log.h"

#include <algorithm>

namespace esphome::limber {

static const char *const TAG = "limber.tcp";

static constexpr uint32_t MIN_RECONNECT_INTERVAL_MS = 1000;
/// chosen: far below the 60 s that the ring holds, which runs on while the bridge is back but not connected yet.
static constexpr uint32_t MAX_RECONNECT_INTERVAL_MS = 5000;
/// The interval grows with the time without a connection, by this part of it.
static constexpr uint32_t BACKOFF_DIVISOR = 4;
/// chosen: a shorter connection (refused by a busy bridge) does not count as one.
static constexpr uint32_t GOOD_CONNECTION_MS = 10000;
/// chosen: a connection that takes no byte for this long is dead (the network is gone, and no reset arrived).
static constexpr uint32_t STALL_MS = 10000;
/// The send buffer of lwIP on an ESP32 holds about as much: 15 s of frames, so that a stall is noticed in time.
static constexpr int SEND_BUFFER_BYTES = 5760;
static constexpr size_t LENGTH_BYTES = 2;
static constexpr uint32_t MAX_READS_PER_TURN = 8;

void SmallBufferTcpClientLink::limit_send_buffer() {
  // Fails on lwIP, whose buffer is small anyway. Linux would accept megabytes, hours of frames, without a reader.
  this->sock_->setsockopt(SOL_SOCKET, SO_SNDBUF, &SEND_BUFFER_BYTES, sizeof(SEND_BUFFER_BYTES));
}

void TcpLink::setup() {
  this->host_ = host_setting("LIMBER_HOST", this->host_);
  this->port_ = host_setting("LIMBER_PORT", this->port_);
  this->good_ms_ = millis();
  this->client_.set_host(this->host_.c_str());
  this->client_.set_port(this->port_);
  this->client_.set_reconnect_interval(MIN_RECONNECT_INTERVAL_MS);
  this->client_.begin(TAG);
}

void TcpLink::loop() {
  const bool was_connected = this->client_.connected();
  if (network::is_connected()) {
    this->client_.poll();
  } else if (was_connected) {
    this->drop_();
  }
  if (!this->client_.connected()) {
    this->set_reconnect_interval_();
    return;
  }
  if (!was_connected)
    this->on_connected_();
  this->discard_input_();
  this->client_.flush_tx();
  this->watch_progress_();
}

void TcpLink::set_reconnect_interval_() {
  const uint32_t interval_ms = (millis() - this->good_ms_) / BACKOFF_DIVISOR;
  this->client_.set_reconnect_interval(std::clamp(interval_ms, MIN_RECONNECT_INTERVAL_MS, MAX_RECONNECT_INTERVAL_MS));
}

void TcpLink::on_connected_() {
  this->client_.limit_send_buffer();
  this->connection_++;
  this->connected_ms_ = millis();
  this->progress_ms_ = millis();
}

/// The bridge sends nothing; reading only detects the end of the connection.
void TcpLink::discard_input_() {
  uint8_t discarded[32];
  for (uint32_t reads = 0; reads < MAX_READS_PER_TURN && this->client_.ready(); reads++) {
    if (this->client_.read(discarded, sizeof(discarded)) <= 0)
      return;
  }
}

void TcpLink::watch_progress_() {
  if (!this->client_.connected())
    return;
  const uint32_t now_ms = millis();
  if (now_ms - this->connected_ms_ >= GOOD_CONNECTION_MS)
    this->good_ms_ = now_ms;
  const size_t free_bytes = this->client_.tx_free();
  if (free_bytes > this->free_bytes_ || this->client_.flush_tx()) {
    this->progress_ms_ = now_ms;
  } else if (now_ms - this->progress_ms_ >= STALL_MS) {
    ESP_LOGW(TAG, "The connection accepts no data; connecting again");
    this->drop_();
  }
  this->free_bytes_ = free_bytes;
}

void TcpLink::drop_() {
  this->client_.close();
  this->client_.note_attempt();
}

bool TcpLink::send_frame(const uint8_t *frame, size_t bytes) {
  if (this->client_.tx_free() < LENGTH_BYTES + bytes)
    return false;
  uint8_t length[LENGTH_BYTES];
  put_u16(length, static_cast<uint16_t>(bytes));
  this->client_.queue(length, sizeof(length));
  this->client_.queue(frame, bytes);
  this->client_.flush_tx();
  this->free_bytes_ = this->client_.tx_free();
  return true;
}

void TcpLink::dump_config() { ESP_LOGCONFIG(TAG, "  TCP to %s:%u", this->host_.c_str(), this->port_); }

}  // namespace esphome::limber
#endif
