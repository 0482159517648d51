#include "udp_link.h"
#ifdef USE_LIMBER_UDP

#include "host_setting.h"
#include "esphome/components/network/util.h"
#include "esphome/core/hal.h"
#include "esphome/core/log.h"

#include <cerrno>

namespace esphome::limber {

static const char *const TAG = "limber.udp";

static constexpr uint32_t RETRY_INTERVAL_MS = 1000;
/// chosen: a bridge that got another address is found again after this time.
static constexpr uint32_t RESOLVE_INTERVAL_MS = 300000;

void UdpLink::setup() {
  this->host_ = host_setting("LIMBER_HOST", this->host_);
  this->port_ = host_setting("LIMBER_PORT", this->port_);
}

void UdpLink::loop() {
  if (!network::is_connected()) {
    this->disconnect_();
    return;
  }
  if (this->is_connected_) {
    if (millis() - this->connected_ms_ >= RESOLVE_INTERVAL_MS) {
      this->connected_ms_ = millis();
      this->resolve_.forget();
    }
    if (this->resolve_.ready())
      return;
  }
  if (this->resolve_.ready() || static_cast<int32_t>(millis() - this->retry_ms_) >= 0) {
    this->retry_ms_ = millis() + RETRY_INTERVAL_MS;
    if (this->open_() && !this->is_connected_) {
      this->is_connected_ = true;
      this->connected_ms_ = millis();
      this->connection_++;
    }
  }
}

bool UdpLink::open_() {
  this->resolve_.consume_failure();
  this->resolve_.start(this->host_.c_str(), this->port_, TAG);
  if (!this->resolve_.ready())
    return false;
  this->address_bytes_ = this->resolve_.to_sockaddr(reinterpret_cast<struct sockaddr *>(&this->address_),
                                                    sizeof(this->address_), this->port_);
  if (this->socket_ == nullptr) {
    this->socket_ = socket::socket(AF_INET, SOCK_DGRAM, IPPROTO_IP);
    if (this->socket_ == nullptr)
      return false;
    this->socket_->setblocking(false);
  }
  return this->address_bytes_ != 0;
}

void UdpLink::disconnect_() {
  this->is_connected_ = false;
  this->socket_ = nullptr;
  this->resolve_.forget();
  this->retry_ms_ = millis() + RETRY_INTERVAL_MS;
}

bool UdpLink::send_frame(const uint8_t *frame, size_t bytes) {
  const ssize_t sent = this->socket_->sendto(frame, bytes, 0, reinterpret_cast<struct sockaddr *>(&this->address_),
                                             this->address_bytes_);
  if (sent == static_cast<ssize_t>(bytes))
    return true;
  // No room in the network stack: the frame waits for the next turn of the loop.
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOMEM || errno == ENOBUFS)
    return false;
  ESP_LOGW(TAG, "Sending failed (error %d); trying again", errno);
  this->disconnect_();
  return false;
}

void UdpLink::dump_config() { ESP_LOGCONFIG(TAG, "  UDP to %s:%u", this->host_.c_str(), this->port_); }

}  // namespace esphome::limber
#endif
