#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_UDP

#include "frame_sender.h"
#include "esphome/components/socket/ipv4_resolve.h"
#include "esphome/components/socket/socket.h"

#include <memory>
#include <string>

namespace esphome::limber {

/// One datagram is one frame. Datagrams are not confirmed, so frames wait only while this side has no network.
class UdpLink final : public FrameLink {
 public:
  void set_target(const std::string &host, uint16_t port) {
    this->host_ = host;
    this->port_ = port;
  }
  void setup() override;
  void loop() override;
  void dump_config() override;
  bool is_connected() const override { return this->is_connected_; }
  uint32_t connection() const override { return this->connection_; }
  bool resends() const override { return false; }
  bool send_frame(const uint8_t *frame, size_t bytes) override;

 protected:
  bool open_();
  void disconnect_();

  std::string host_;
  uint16_t port_{0};
  socket::Ipv4Resolve resolve_;
  std::unique_ptr<socket::Socket> socket_;
  struct sockaddr_storage address_{};
  socklen_t address_bytes_{0};
  bool is_connected_{false};
  uint32_t connection_{0};
  uint32_t retry_ms_{0};
  uint32_t connected_ms_{0};
};

}  // namespace esphome::limber
#endif
