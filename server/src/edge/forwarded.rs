//! The client's address when a proxy of ours stands in between.

use std::{fmt, net::IpAddr};

use http::HeaderMap;
use serde::{Deserialize, Serialize};

/// Those whose `X-Forwarded-For` is believed. Anyone else could write there what they please.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxies(Vec<Network>);

/// An address, or all addresses that begin alike (RFC 4632): `127.0.0.1`, `10.0.0.0/8`, `fd00::/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// What proxies append to, one address each.
const FORWARDED_FOR: &str = "x-forwarded-for";

impl TrustedProxies {
    /// The client that a request from `peer` comes from, if `peer` is trusted and tells. The last address that is not
    /// a trusted proxy's counts: each proxy appends the one it saw, and what is left of it is what the client made up.
    pub fn client_behind(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        if !self.contains(peer) {
            return None;
        }
        let mut client = None;
        let lines = headers.get_all(FORWARDED_FOR).iter().rev();
        for address in lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b',')) {
            let Some(address) = parse(address) else { break };
            client = Some(address);
            if !self.contains(address) {
                break;
            }
        }
        client
    }

    /// Whether `address` is one of theirs.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    /// Whether `address` is one of them. An IPv4 address that IPv6 carries counts as the IPv4 address.
    fn contains(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - self.prefix;
                u32::from(network).checked_shr(shift) == u32::from(address).checked_shr(shift)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - self.prefix;
                u128::from(network).checked_shr(shift) == u128::from(address).checked_shr(shift)
            }
            _ => false,
        }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (address, prefix) = text
            .split_once('/')
            .map_or((text.as_str(), None), |(address, prefix)| (address, Some(prefix)));
        let network = address.parse::<IpAddr>().ok().and_then(|address| {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok())?;
            (prefix <= most).then_some(Self { address, prefix })
        });
        network.ok_or_else(|| format!("{text:?} is not an address: give one such as 127.0.0.1 or 10.0.0.0/8"))
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix)
    }
}

/// `ADDRESS`, with or without a port, as the various proxies write it.
fn parse(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let address = address.or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn trusted(networks: &[&str]) -> TrustedProxies {
        let network = |text: &&str| Network::try_from((*text).to_owned()).unwrap();
        TrustedProxies(networks.iter().map(network).collect())
    }

    fn client(networks: &[&str], peer: &str, lines: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let client = trusted(networks).client_behind(peer.parse().unwrap(), &headers);
        client.map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        assert_eq!(client(&[], "127.0.0.1", &["203.0.113.7"]), None);
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1", &["203.0.113.7"]), None);
        for peer in ["10.1.2.3", "::ffff:10.1.2.3"] {
            let told = client(&["10.0.0.0/8"], peer, &["203.0.113.7"]);
            assert_eq!(told.as_deref(), Some("203.0.113.7"));
        }
    }

    #[test]
    fn what_a_client_made_up_does_not_count() {
        let networks = ["127.0.0.1", "10.0.0.0/8"];
        for (lines, expected) in [
            (&["1.1.1.1, 203.0.113.7"][..], Some("203.0.113.7")),
            (&["1.1.1.1", "203.0.113.7, 10.0.0.2"], Some("203.0.113.7")),
            (&["nonsense, 203.0.113.7"], Some("203.0.113.7")),
            (&["203.0.113.7, nonsense"], None),
            (&["203.0.113.7, nonsense, 10.0.0.2"], Some("10.0.0.2")),
            (&["10.0.0.3, 10.0.0.2"], Some("10.0.0.3")),
            (&["203.0.113.7:4711"], Some("203.0.113.7")),
            (&["[2001:db8::7]:4711"], Some("2001:db8::7")),
            (&["[2001:db8::7]"], Some("2001:db8::7")),
            (&[], None),
        ] {
            assert_eq!(client(&networks, "127.0.0.1", lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn a_network_has_its_own_addresses_only() {
        for (network, inside, outside) in [
            ("192.0.2.0/25", "192.0.2.127", "192.0.2.128"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("0.0.0.0/0", "255.255.255.255", "::1"),
        ] {
            let networks = trusted(&[network]);
            assert!(networks.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!networks.contains(outside.parse().unwrap()), "{network} {outside}");
        }
        for wrong in ["", "localhost", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/8/8"] {
            assert!(Network::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
