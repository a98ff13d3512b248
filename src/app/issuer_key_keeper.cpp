// SPDX-License-Identifier: Apache-2.0
#include "app/issuer_key_keeper.h"

#include "app/outbound.h"

namespace sallyport::app {
namespace {

using telemetry::Severity;

constexpr auto kSecond = std::chrono::seconds{1};

}  // namespace

Result<std::optional<IssuerKeyKeeper::Source>> IssuerKeyKeeper::prepare(const config::Config& config,
                                                                        const Certificates& certificates) const {
  if (!certificates.token_issuer) return std::optional<Source>{};
  Source source;
  source.address = config.devices->token->jwks_url;
  source.url = net::HttpsUrl::parse(source.address).value_or(net::HttpsUrl{});
  source.context = certificates.token_issuer;
  SP_ASSIGN(source.resolver, net::Resolver::create(loop_, resolverOptions(config.dns)));
  const bool same = fetching_ && fetching_->source.address == source.address;
  source.keys = same ? fetching_->source.keys : std::make_shared<identity::IssuerKeys>();
  return std::optional{std::move(source)};
}

void IssuerKeyKeeper::adopt(std::optional<Source> source) {
  fetching_.reset();
  second_ = {};
  if (!source) return;
  auto keys = source->keys;
  fetching_ = std::make_unique<Fetching>(Fetching{*std::move(source), identity::KeyRefresh{std::move(keys)}});
  everySecond();
}

void IssuerKeyKeeper::everySecond() {
  second_ = loop_.schedule(kSecond, [this] { everySecond(); });
  if (!fetching_->refresh.begin(clock_.steady())) return;
  const auto& source = fetching_->source;
  fetching_->get = net::HttpsGet::start(loop_, *source.resolver, source.url, source.context, {},
                                        [this](const Result<std::string>& fetched) { onFetched(fetched); });
}

void IssuerKeyKeeper::onFetched(const Result<std::string>& fetched) {
  fetching_->get.reset();
  auto& refresh = fetching_->refresh;
  const auto news = refresh.end(fetched, clock_.wall(), clock_.steady());
  const auto& address = fetching_->source.address;
  const auto keys = refresh.keys()->current();
  if (!news) {
    log_.event(Severity::warning, "token.keys.not_fetched",
               {{"reason", news.error().code},
                {"detail", news.error().detail},
                {"from", address},
                {"keys", keys ? keys->size() : 0},
                {"consequence", keys ? "the last good ones stay" : "every token is refused"}});
    return;
  }
  if (*news == identity::KeyRefresh::News::none) return;
  log_.event(Severity::notice, "token.keys.fetched", {{"from", address}, {"keys", keys->size()}});
  changed_();
}

std::optional<IssuerKeyKeeper::Report> IssuerKeyKeeper::report() const {
  if (!fetching_) return std::nullopt;
  const auto& refresh = fetching_->refresh;
  const auto keys = refresh.keys()->current();
  return Report{fetching_->source.address, keys ? keys->size() : 0, refresh.fetched(),
                refresh.failure() ? describe(*refresh.failure()) : std::string{}};
}

}  // namespace sallyport::app
