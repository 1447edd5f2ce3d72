"""The providers there are. To add one: make it in its file, name it here."""

from __future__ import annotations

from synthdata.errors import nearest
from synthdata.fields.providers.accounts import ACCOUNTS_ONLINE
from synthdata.fields.providers.addresses import ADDRESSES
from synthdata.fields.providers.banking import BANKING
from synthdata.fields.providers.base import Provider
from synthdata.fields.providers.names import NAMES
from synthdata.fields.providers.national_ids import NATIONAL_IDS
from synthdata.fields.providers.network import NETWORK
from synthdata.fields.providers.phones import PHONES
from synthdata.fields.providers.pools import known_locales

__all__ = ["PROVIDERS", "locale_problem"]

PROVIDERS: dict[str, Provider] = {  # detection asks in this order where two fit alike
    provider.name: provider
    for provider in (*NAMES, *ACCOUNTS_ONLINE, *PHONES, *ADDRESSES, *NETWORK, *BANKING, *NATIONAL_IDS)
}


def locale_problem(provider: str, locale: str) -> str | None:
    """What is wrong with a locale for a provider, in one line; None if nothing is."""
    if locale not in known_locales():
        return f'locale "{locale}" is unknown; {_nearest_locale(locale)}'
    served = PROVIDERS[provider].locales()
    if served is None or locale in served:
        return None
    missing = known_locales() - served
    known = ", ".join(sorted(served)) if len(served) <= len(missing) else f"all but {', '.join(sorted(missing))}"
    return f'{provider} has no data for locale "{locale}"; it has: {known}'


def _nearest_locale(locale: str) -> str:
    plain = locale.strip().lower().replace("_", "-")
    candidates = (plain, plain.partition("-")[0])
    return next((f'did you mean "{it}"?' for it in candidates if it in known_locales()), "") or nearest(
        plain, sorted(known_locales())
    )
