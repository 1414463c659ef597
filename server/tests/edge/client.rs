//! A client that speaks HTTP/1.1 or HTTP/2, over TLS or not.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    One,
    Two,
}

pub const BOTH: [Http; 2] = [Http::One, Http::Two];

enum Sender {
    One(http1::SendRequest<Full<Bytes>>),
    Two(http2::SendRequest<Full<Bytes>>),
}

/// A connection for requests to one host.
pub struct Connection {
    sender: Sender,
    host: String,
    /// The certificate that the server showed.
    pub certificate: Option<Vec<u8>>,
}

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Connection {
    /// Plain HTTP.
    pub async fn plain(address: SocketAddr, host: &str, http: Http) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream, host, http, None).await
    }

    /// HTTPS, with the one certificate that is trusted, in PEM form. `None` if the server shows another.
    pub async fn secure(address: SocketAddr, host: &str, http: Http, trusted: &str) -> Option<Self> {
        let trusted = CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(trusted).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let protocol: &[u8] = if http == Http::One { b"http/1.1" } else { b"h2" };
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        let session = stream.get_ref().1;
        assert_eq!(session.alpn_protocol(), Some(protocol));
        let certificate = session.peer_certificates().map(|chain| chain[0].to_vec());
        Some(Self::over(stream, host, http, certificate).await)
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        host: &str,
        http: Http,
        certificate: Option<Vec<u8>>,
    ) -> Self {
        let stream = TokioIo::new(stream);
        let sender = match http {
            Http::One => {
                let (sender, connection) = http1::handshake(stream).await.unwrap();
                tokio::spawn(connection);
                Sender::One(sender)
            }
            Http::Two => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.unwrap();
                tokio::spawn(connection);
                Sender::Two(sender)
            }
        };
        Self {
            sender,
            host: host.to_owned(),
            certificate,
        }
    }

    /// Names another host in the requests that follow.
    pub fn host(&mut self, host: &str) {
        host.clone_into(&mut self.host);
    }

    /// Sends a request for a path of the host, and gives the answer's head with the body under way.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let (mut parts, body) = request.into_parts();
        match &mut self.sender {
            Sender::One(sender) => {
                parts.headers.insert("host", self.host.parse().unwrap());
                sender.ready().await.unwrap();
                sender.send_request(Request::from_parts(parts, body)).await.unwrap()
            }
            Sender::Two(sender) => {
                parts.uri = format!("https://{}{}", self.host, parts.uri).parse::<Uri>().unwrap();
                sender.ready().await.unwrap();
                sender.send_request(Request::from_parts(parts, body)).await.unwrap()
            }
        }
    }

    /// The whole answer to a GET.
    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.send(request.body(Full::default()).unwrap()).await;
        Answer::of(response).await
    }
}

impl Answer {
    pub async fn of(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }

    /// A header's value; empty if it is missing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}
