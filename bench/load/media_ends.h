// SPDX-License-Identifier: Apache-2.0
#pragma once
// The voice of many calls, both ends of each: every end has a port and a key of its own, sends a 20 ms
// G.711 packet fifty times a second and listens. Packets carry the time they were sent, so loss and delay
// need no state per packet. The ends' sending moments are spread evenly over the 20 ms.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/result.h"
#include "load/figures.h"
#include "media/srtp.h"
#include "net/loop.h"
#include "net/media_sockets.h"

namespace sallyport::load {

struct MediaFigures {
  std::uint64_t sent = 0;
  std::uint64_t received = 0;  // authentic
  std::uint64_t refused = 0;   // came, and its tag did not verify
  Latencies delay;
  std::chrono::nanoseconds worst_lag{0};  // by which our own sending was late
};

class MediaEnds final : private net::MediaHandler {
 public:
  explicit MediaEnds(net::Loop& loop);
  ~MediaEnds() override;

  // A port on loopback. Its number names the end from here on.
  Result<std::uint32_t> open();
  const Endpoint& local(std::uint32_t end) const;
  Status connect(std::uint32_t end, const Endpoint& remote, const media::SrtpKeying& send,
                 const media::SrtpKeying& receive);

  void talk();  // those that are connected now
  void hush();

  // From here on, packets that are sent count; what was sent before is ignored on arrival.
  void beginMeasuring();
  void endMeasuring();
  const MediaFigures& figures() const { return figures_; }
  std::size_t talking() const { return talking_.size(); }

 private:
  struct End;
  void onDatagram(std::uint32_t token, const Endpoint& source, MutableBytes buffer, std::size_t length) override;
  void tick();
  void sendPacket(End& end);

  net::Loop& loop_;
  net::MediaSockets sockets_;
  std::vector<std::unique_ptr<End>> ends_;
  std::vector<End*> talking_;
  std::optional<Pace> pace_;
  std::uint64_t packets_ = 0;  // since talk()
  TimePoint talk_began_;
  TimePoint measure_from_ = TimePoint::max(), measure_until_ = TimePoint::max();
  MediaFigures figures_;
  net::TimerHandle timer_;
};

}  // namespace sallyport::load
