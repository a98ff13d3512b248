// SPDX-License-Identifier: Apache-2.0
#pragma once
// One stream, either side, once its handshake is complete: with a VerifiedPeer, or on a listener that
// takes clients without a certificate, with nobody yet. It is TLS, or plain TCP with a peer that is configured as
// `unprotected` and then has proven nothing. Non-blocking, with a deadline in every phase and a bound on every buffer.
// Owned by whoever TlsListener or TlsDialer gave it to; used on its loop's thread.
//
// Nothing here calls the handler from within a call of the owner's. A connection may be destroyed at any
// time, from within its own callbacks too: that drops the stream without a close_notify and without a word
// to the handler. It goes before its loop.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"

namespace sallyport::crypto {
class VerifiedPeer;
}

namespace sallyport::net {

class TlsStream;

// Said instead of a TLS context: the bytes go as they are. For peers that are configured as `unprotected` only.
struct PlainBytes {};

enum class StreamSecurity : std::uint8_t { plain, tls };

struct TlsDeadlines {
  Duration handshake = std::chrono::seconds{5};      // from accept or connect to a verified peer
  Duration first_byte = std::chrono::seconds{10};    // accepted connections: from there to application data
  Duration idle = std::chrono::seconds{600};         // without a byte received
  Duration output_stall = std::chrono::seconds{20};  // output waiting and the peer taking none of it
  Duration closing = std::chrono::seconds{2};        // for what is left to be written
};

struct TlsLimits {
  std::size_t output_high_water = 256 * 1'024;  // a send() beyond it is refused and ends the connection
  std::size_t output_low_water = 64 * 1'024;
  std::size_t input_per_turn = 64 * 1'024;  // then the others have their turn
};

class TlsHandler {
 public:
  virtual ~TlsHandler() = default;
  virtual void onBytes(std::string_view bytes) = 0;  // valid during the call
  // The last call, exactly once, unless the owner destroys the connection first. Reasons: what close()
  // was given, or "tls.closed" (the peer said close_notify), "tls.truncated" (it left without),
  // "net.peer.closed" (the end of a plain stream), "tls.protocol", "tls.handshake.alert" (TLS 1.3: the accepting side
  // refused our certificate, which the dialing side learns only now), "net.peer.reset", "net.first_byte.timeout",
  // "net.idle.timeout", "net.message.timeout", "net.output.full", "net.output.stalled".
  virtual void onClosed(const Error& reason) = 0;
  // Output has fallen to the low water mark, after having been above it.
  virtual void onDrained() {}
};

// What was negotiated, for the record of a call; all empty on a plain stream. Static storage, or the connection's.
struct TlsFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view suite;    // "TLS_AES_256_GCM_SHA384"
  std::string_view group;    // "x25519"; empty when unknown
  std::string_view alpn;     // "sip"; empty when none
};

struct TlsTraffic {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

class TlsConnection {
 public:
  explicit TlsConnection(std::unique_ptr<TlsStream> stream);  // the listener's and the dialer's to call
  ~TlsConnection();
  TlsConnection(const TlsConnection&) = delete;
  TlsConnection& operator=(const TlsConnection&) = delete;

  // Nothing is read until there is one, which is to be soon. `handler` outlives the connection or is replaced.
  void setHandler(TlsHandler& handler);

  // Queued, and written once per turn. "net.output.full" (overloaded) beyond the high water mark: the
  // bytes are refused whole and the connection ends. "net.connection.closed" once it is closing.
  Status send(std::string_view bytes);
  std::size_t outputPending() const;

  // Writes what is queued, says close_notify, then onClosed(reason); at most TlsDeadlines::closing later.
  void close(Error reason);

  // A message has begun and must be complete within `limit` of now, or the connection ends with
  // "net.message.timeout". The first one holds until messageComplete(): trickling does not extend it.
  void messageBegun(Duration limit);
  void messageComplete();

  // Silence does not end it any more: whoever holds it sends something now and then, and a peer whose system does not
  // acknowledge that is gone (prepareStream()).
  void keepOpen();

  const crypto::VerifiedPeer* peer() const;  // null: it showed no certificate
  const Endpoint& remote() const;
  const Endpoint& local() const;
  StreamSecurity security() const;
  TlsFacts facts() const;
  TlsTraffic traffic() const;
  bool open() const;  // not closing

 private:
  std::unique_ptr<TlsStream> stream_;
};

}  // namespace sallyport::net
