// SPDX-License-Identifier: Apache-2.0
#pragma once
// Media ports of one worker's calls: opens a random pair per side, feeds every packet to the call's relay and sends
// what the relay lets through; STUN and DTLS go to the call's session. The packet path: no allocation, no lock, no
// string.
//
// One per worker, on its thread.

#include <array>
#include <memory>
#include <optional>
#include <set>

#include "call/ports.h"
#include "firewall/pinholes.h"
#include "net/media_sockets.h"
#include "net/port_pool.h"
#include "telemetry/metrics.h"

namespace sallyport::call {

class MediaPlane final : public MediaPortFactory {
 public:
  struct Address {
    IpAddress bind;
    IpAddress advertised;
  };
  struct Addresses {  // at least one
    std::optional<Address> v4, v6;
  };

  struct Shared {  // by all workers
    const net::PortPool& pool;
    crypto::DtlsCertificates& certificates;
    TranscodingSlots& transcoding;
    firewall::Pinholes* pinholes = nullptr;  // null: user space filters alone
  };

  MediaPlane(net::Loop& loop, Shared shared, Addresses addresses, telemetry::WorkerMetrics& metrics);
  ~MediaPlane() override;

  std::unique_ptr<MediaPorts> portsFor(media::Relay& relay, PathEvents& path) override;
  Result<std::shared_ptr<const crypto::DtlsCertificate>> certificate(WallTime wall) override {
    return shared_.certificates.current(wall);
  }
  TranscodingSlots& transcoding() override { return shared_.transcoding; }

  const net::MediaCounters& counters() const { return sockets_.counters(); }
  void watch();    // once a second: whom the kernel lets through follows whom the calls hear; what ZRTP was refused
  void publish();  // once a second: totals since the last time go to the metrics

 private:
  class CallPorts;
  const Address& addressFor(IpAddress::Family family) const;

  net::Loop& loop_;
  const Shared shared_;
  const Addresses addresses_;
  telemetry::WorkerMetrics& metrics_;
  net::MediaSockets sockets_;
  net::MediaCounters published_;
  std::array<telemetry::MediaDropLabel, media::kDropReasons> drop_labels_;
  std::set<CallPorts*> calls_;
};

}  // namespace sallyport::call
