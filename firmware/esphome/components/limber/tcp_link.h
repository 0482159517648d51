#pragma once

#include "esphome/core/defines.h"
#ifdef USE_LIMBER_TCP

#include "frame_sender.h"
#include "esphome/components/socket/socket.h"
#include "esphome/components/socket/tcp_client_link.h"

#include <string>

namespace esphome::limber {

/// Core's reconnecting TCP client, with a small send buffer in the operating system.
class SmallBufferTcpClientLink final : public socket::TcpClientLink {
 public:
  void limit_send_buffer();
};

/// Each frame is preceded by its length as u16.
class TcpLink final : public FrameLink {
 public:
  void set_target(const std::string &host, uint16_t port) {
    this->host_ = host;
    this->port_ = port;
  }
  void setup() override;
  void loop() override;
  void dump_config() override;
  bool is_connected() const override { return this->client_.connected(); }
  uint32_t connection() const override { return this->connection_; }
  bool resends() const override { return true; }
  bool send_frame(const uint8_t *frame, size_t bytes) override;

 protected:
  void on_connected_();
  void set_reconnect_interval_();
  void discard_input_();
  void watch_progress_();
  void drop_();

  std::string host_;
  uint16_t port_{0};
  SmallBufferTcpClientLink client_;
  uint32_t connection_{0};
  uint32_t connected_ms_{0};
  uint32_t good_ms_{0};      // the last time that a connection had held for a while
  uint32_t progress_ms_{0};  // the last time that the connection took data
  size_t free_bytes_{0};     // of the output buffer
};

}  // namespace esphome::limber
#endif
