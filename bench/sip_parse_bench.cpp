// SPDX-License-Identifier: Apache-2.0
// Parsing and writing one realistic INVITE (25 headers, SDP), against libosip2 and sofia-sip in the
// same run. All three start from a buffer of wire bytes and end with From, To, Via, CSeq, Call-ID and
// Contact ready to be read; each parse includes destroying what it made.
#include <benchmark/benchmark.h>
#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_alloc.h>

#include <cstdlib>
#include <string>

#include "core/check.h"
#include "sip/message.h"
#include "sip/message_writer.h"
#include "sip/request_check.h"
#include "sip/stream_framer.h"

namespace {

using namespace sallyport;

const std::string& invite() {
  static const std::string bytes = [] {
    const std::string body =
        "v=0\r\no=- 3724394400 3724394401 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
        "m=audio 40000 RTP/SAVP 96 0 8 101\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
        "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n"
        "a=crypto:1 AEAD_AES_256_GCM inline:MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ=\r\n"
        "a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\r\na=ptime:20\r\n"
        "a=sendrecv\r\n";
    return std::string{
               "INVITE sip:+4930123456@sbc.example.net:5061;transport=tls;user=phone SIP/2.0\r\n"
               "Via: SIP/2.0/TLS 192.0.2.10:5061;branch=z9hG4bK-524287-1---a3b1f7e2c9d04851;rport;alias\r\n"
               "Via: SIP/2.0/TLS 10.20.30.40:5061;branch=z9hG4bK7f3a9c;received=198.51.100.7;rport=49152\r\n"
               "Max-Forwards: 69\r\n"
               "Record-Route: <sip:edge1.example.org:5061;transport=tls;lr;ftag=9f8e7d6c>\r\n"
               "Record-Route: <sip:core2.example.org;transport=tls;lr>\r\n"
               "Route: <sip:sbc.example.net:5061;transport=tls;lr>\r\n"
               "Contact: "
               "<sip:alice@192.0.2.10:5061;transport=tls;ob>;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-"
               "00a0c91e6bf6>\"\r\n"
               "To: \"Reception\" <sip:+4930123456@sbc.example.net;user=phone>\r\n"
               "From: \"Alice Example\" <sip:alice@example.org>;tag=9f8e7d6c5b4a\r\n"
               "Call-ID: 84b4c76e66710b0c4f1a3d2e-5f6a@alice-desk.example.org\r\n"
               "CSeq: 314159 INVITE\r\n"
               "Session-Expires: 1800;refresher=uac\r\n"
               "Min-SE: 90\r\n"
               "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE, PRACK\r\n"
               "Supported: replaces, outbound, gruu, path, record-aware, timer, 100rel, norefersub\r\n"
               "Accept: application/sdp, multipart/mixed\r\n"
               "Accept-Language: en, de;q=0.7\r\n"
               "Allow-Events: presence, kpml, talk\r\n"
               "User-Agent: ExamplePhone/4.2.1 (rev 20260812)\r\n"
               "P-Asserted-Identity: \"Alice Example\" <sip:+49301234@example.org;user=phone>\r\n"
               "Privacy: none\r\n"
               "X-Correlation: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0\r\n"
               "Date: Sat, 15 Aug 2026 04:44:56 GMT\r\n"
               "Content-Type: application/sdp\r\n"
               "Content-Length: "} +
           std::to_string(body.size()) + "\r\n\r\n" + body;
  }();
  return bytes;
}

void reportBytes(benchmark::State& state) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(invite().size()));
}

void sallyportParse(benchmark::State& state) {
  for (auto _ : state) {
    auto message = sip::Message::parse(invite());  // the copy of the bytes is counted
    SP_CHECK(message.ok());
    benchmark::DoNotOptimize(message->callId());
  }
  reportBytes(state);
}
BENCHMARK(sallyportParse);

// As above, and every header value the peers parse eagerly: all Vias, Contact, routes, the URIs.
void sallyportParseEverything(benchmark::State& state) {
  for (auto _ : state) {
    auto message = sip::Message::parse(invite());
    SP_CHECK(message.ok() && sip::checkRequest(*message).ok());
    for (const auto id :
         {sip::HeaderId::contact, sip::HeaderId::recordRoute, sip::HeaderId::route, sip::HeaderId::pAssertedIdentity}) {
      const auto addresses = message->nameAddrs(id);
      for (const auto& address : *addresses) benchmark::DoNotOptimize(sip::Uri::parse(address.uri).ok());
    }
    benchmark::DoNotOptimize(message->vias().ok());
    for (const auto id : {sip::HeaderId::allow, sip::HeaderId::supported, sip::HeaderId::allowEvents}) {
      benchmark::DoNotOptimize(message->list(id).size());
    }
  }
  reportBytes(state);
}
BENCHMARK(sallyportParseEverything);

void sallyportFrameAndParse(benchmark::State& state) {
  sip::StreamFramer framer;
  for (auto _ : state) {
    framer.append(invite());
    auto event = framer.next();
    auto* frame = std::get_if<sip::StreamFramer::Frame>(&*event);
    auto message = sip::Message::parse(std::move(frame->bytes));
    SP_CHECK(message.ok());
    benchmark::DoNotOptimize(message->callId());
  }
  reportBytes(state);
}
BENCHMARK(sallyportFrameAndParse);

void osipParse(benchmark::State& state) {
  parser_init();
  for (auto _ : state) {
    osip_message_t* message = nullptr;
    osip_message_init(&message);
    SP_CHECK(osip_message_parse(message, invite().data(), invite().size()) == 0);
    benchmark::DoNotOptimize(message->call_id);
    osip_message_free(message);
  }
  reportBytes(state);
}
BENCHMARK(osipParse);

void sofiaParse(benchmark::State& state) {
  const msg_mclass_t* parser = sip_default_mclass();
  for (auto _ : state) {
    msg_t* message = msg_make(parser, 0, invite().data(), static_cast<ssize_t>(invite().size()));
    const sip_t* sip = sip_object(message);
    SP_CHECK(sip != nullptr && sip->sip_error == nullptr && sip->sip_call_id != nullptr && sip->sip_payload != nullptr);
    benchmark::DoNotOptimize(sip->sip_call_id);
    msg_destroy(message);
  }
  reportBytes(state);
}
BENCHMARK(sofiaParse);

void sallyportWrite(benchmark::State& state) {
  const auto message = sip::Message::parse(invite());
  SP_CHECK(message.ok());
  for (auto _ : state) {
    sip::MessageWriter writer{2'048};
    writer.request(message->methodName(), message->requestUri());
    for (const sip::HeaderField& field : message->headers()) {
      if (field.id == sip::HeaderId::contentLength || field.id == sip::HeaderId::contentType) continue;
      if (field.id == sip::HeaderId::other) {
        writer.header(field.name, field.value);
      } else {
        writer.header(field.id, field.value);
      }
    }
    benchmark::DoNotOptimize(writer.finish("application/sdp", message->body()));
  }
  reportBytes(state);
}
BENCHMARK(sallyportWrite);

void osipWrite(benchmark::State& state) {
  parser_init();
  osip_message_t* message = nullptr;
  osip_message_init(&message);
  SP_CHECK(osip_message_parse(message, invite().data(), invite().size()) == 0);
  for (auto _ : state) {
    osip_message_force_update(message);
    char* text = nullptr;
    std::size_t size = 0;
    SP_CHECK(osip_message_to_str(message, &text, &size) == 0);
    benchmark::DoNotOptimize(text);
    osip_free(text);
  }
  osip_message_free(message);
  reportBytes(state);
}
BENCHMARK(osipWrite);

void sofiaWrite(benchmark::State& state) {
  msg_t* message = msg_make(sip_default_mclass(), 0, invite().data(), static_cast<ssize_t>(invite().size()));
  for (auto _ : state) {
    std::size_t size = 0;
    char* text = msg_as_string(nullptr, message, nullptr, 0, &size);
    SP_CHECK(text != nullptr && size > 0);
    benchmark::DoNotOptimize(text);
    su_free(nullptr, text);
  }
  msg_destroy(message);
  reportBytes(state);
}
BENCHMARK(sofiaWrite);

void sallyportResponseTo(benchmark::State& state) {
  const auto message = sip::Message::parse(invite());
  SP_CHECK(message.ok());
  for (auto _ : state) {
    benchmark::DoNotOptimize(sip::responseTo(*message, 180, {}, "b1c2d3").finish());
  }
}
BENCHMARK(sallyportResponseTo);

// A peer that sends its headers one byte at a time: the cost per byte must not grow with the message.
void sallyportFrameByteAtATime(benchmark::State& state) {
  const std::string section =
      "INVITE sip:a@b SIP/2.0\r\nX: " + std::string(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    sip::StreamFramer framer;
    for (const char& c : section) {
      framer.append({&c, 1});
      benchmark::DoNotOptimize(framer.next().ok());
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(section.size()));
}
BENCHMARK(sallyportFrameByteAtATime)->RangeMultiplier(4)->Range(1'000, 64'000);

}  // namespace
