//! The PROXY protocol, versions 1 and 2: what a proxy that does not read HTTP tells of the client.
//!
//! <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::{io, net::SocketAddr};

use bytes::{Buf, BytesMut};
use ppp::{HeaderResult, PartialResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest header that is read, in bytes. Version 1 has 107 at most; extensions of version 2 may take more.
const LONGEST: usize = 4096;

/// Reads the header that `stream` begins with, and leaves in `start` what was read of what follows it.
/// `None` if the header names no client: the proxy speaks for itself.
pub async fn proxy_header(
    stream: &mut (impl AsyncRead + Unpin),
    start: &mut BytesMut,
) -> io::Result<Option<SocketAddr>> {
    loop {
        if stream.read_buf(start).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let header = HeaderResult::parse(start);
        if header.is_incomplete() && start.len() < LONGEST {
            continue;
        }
        let (length, client) = match header {
            HeaderResult::V1(Ok(header)) => (header.header.len(), client_of_v1(header.addresses)),
            HeaderResult::V2(Ok(header)) => (header.len(), client_of_v2(&header)),
            HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => {
                let message = "the connection of a trusted proxy does not begin with a PROXY header";
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        };
        start.advance(length);
        return Ok(client);
    }
}

fn client_of_v1(addresses: v1::Addresses) -> Option<SocketAddr> {
    match addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(ip) => Some((ip.source_address, ip.source_port).into()),
        v1::Addresses::Tcp6(ip) => Some((ip.source_address, ip.source_port).into()),
    }
}

fn client_of_v2(header: &v2::Header<'_>) -> Option<SocketAddr> {
    match (header.command, header.addresses) {
        (v2::Command::Proxy, v2::Addresses::IPv4(ip)) => Some((ip.source_address, ip.source_port).into()),
        (v2::Command::Proxy, v2::Addresses::IPv6(ip)) => Some((ip.source_address, ip.source_port).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(mut bytes: &[u8]) -> io::Result<(Option<String>, Vec<u8>)> {
        let mut start = BytesMut::new();
        let client = proxy_header(&mut bytes, &mut start).await?;
        let rest = [&start, bytes].concat();
        Ok((client.map(|client| client.to_string()), rest))
    }

    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

    #[tokio::test]
    async fn both_versions_name_the_client_and_leave_the_rest() {
        let v2 = [
            V2,
            &[0x21, 0x11, 0, 12, 203, 0, 113, 7, 10, 0, 0, 1, 0x12, 0x67, 1, 187],
            b"GET /",
        ]
        .concat();
        for (bytes, client) in [
            (
                &b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\nGET /"[..],
                Some("203.0.113.7:4711"),
            ),
            (
                b"PROXY TCP6 2001:db8::7 fd00::1 4711 443\r\nGET /",
                Some("[2001:db8::7]:4711"),
            ),
            (b"PROXY UNKNOWN\r\nGET /", None),
            (&v2, Some("203.0.113.7:4711")),
            // LOCAL: the proxy checks whether we are there.
            (&[V2, &[0x20, 0, 0, 0], b"GET /"].concat(), None),
        ] {
            let (read, rest) = read(bytes).await.unwrap();
            assert_eq!((read.as_deref(), &*rest), (client, &b"GET /"[..]));
        }
    }

    #[tokio::test]
    async fn a_header_may_come_in_pieces() {
        let (mut proxy, mut ours) = tokio::io::duplex(64);
        let header = b"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\nGET /";
        let writes = async {
            for byte in header {
                tokio::io::AsyncWriteExt::write_all(&mut proxy, &[*byte]).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let mut start = BytesMut::new();
        let (client, ()) = tokio::join!(proxy_header(&mut ours, &mut start), writes);
        assert_eq!(client.unwrap(), Some("203.0.113.7:4711".parse().unwrap()));
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused() {
        for bytes in [
            &b"GET / HTTP/1.1\r\n\r\n"[..],
            b"",
            b"PROXY TCP4 nonsense\r\n",
            &[b'P'; 5000],
        ] {
            assert!(read(bytes).await.is_err(), "{:?}", &bytes[..bytes.len().min(20)]);
        }
    }
}
