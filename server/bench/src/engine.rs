//! A mock engine that costs next to nothing: answers are made beforehand, in the wire format of vLLM.
//!
//! What a request wants is in its `user` member: `whole`, `paced:EVENTS:MILLISECONDS`, `burst:EVENTS:TIMES` or `held`.
//! A request that asks for the usage in every chunk gets it, as vLLM does: what that costs the gateway is its own cost.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Notify,
    time::{Instant, MissedTickBehavior},
};

use crate::Result;

/// The model that the engine serves.
pub(crate) const MODEL: &str = "bench-model";

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
const WORDS: [&str; 8] = [" the", " stream", " goes", " on", " and", " every", " token", " counts"];

/// Streams that are open now; the load generator reads their number at `GET /open`, and ends those that are held with
/// `GET /end`.
#[derive(Debug, Default)]
struct Open {
    streams: AtomicU64,
    end: Notify,
}

struct Counted(Arc<Open>);

impl Counted {
    fn new(open: &Arc<Open>) -> Self {
        open.streams.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves until the process is killed.
pub(crate) async fn serve(address: SocketAddr) -> Result<()> {
    let listener = listen(address)?;
    let open = Arc::new(Open::default());
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let open = Arc::clone(&open);
        tokio::spawn(async move {
            // A broken connection is an end like any other.
            let _ = answer_all(connection, &open).await;
        });
    }
}

/// Thousands connect at once.
fn listen(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket.listen(8_192)?)
}

async fn answer_all(mut connection: TcpStream, open: &Arc<Open>) -> Result<()> {
    let mut input = Vec::with_capacity(2_048);
    loop {
        let Some(head) = read_until_head(&mut connection, &mut input).await? else {
            return Ok(());
        };
        let length = content_length(&input[..head]);
        while input.len() < head + length {
            if connection.read_buf(&mut input).await? == 0 {
                return Ok(());
            }
        }
        let (line, body) = (&input[..head], &input[head..head + length]);
        if line.starts_with(b"POST /v1/chat/completions") {
            complete(&mut connection, body, open).await?;
        } else {
            connection.write_all(&facts(line, open)).await?;
        }
        input.drain(..head + length);
    }
}

/// The length of the next head, blank line included; none when the other side is gone.
async fn read_until_head(connection: &mut TcpStream, input: &mut Vec<u8>) -> Result<Option<usize>> {
    loop {
        if let Some(end) = memmem::find(input, b"\r\n\r\n") {
            return Ok(Some(end + 4));
        }
        if connection.read_buf(input).await? == 0 {
            return Ok(None);
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    text.lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0)
}

/// What the gateway asks an engine about itself.
fn facts(line: &[u8], open: &Open) -> Vec<u8> {
    let (status, body) = if line.starts_with(b"GET /v1/models") {
        let model = format!(
            r#"{{"object":"list","data":[{{"id":"{MODEL}","object":"model","created":1,"owned_by":"vllm","root":"{MODEL}","max_model_len":1000000}}]}}"#
        );
        ("200 OK", model)
    } else if line.starts_with(b"GET /version") {
        ("200 OK", r#"{"version":"0.32.0"}"#.to_owned())
    } else if line.starts_with(b"GET /open") {
        ("200 OK", open.streams.load(Ordering::Relaxed).to_string())
    } else if line.starts_with(b"GET /end") {
        open.end.notify_waiters();
        ("200 OK", String::new())
    } else if line.starts_with(b"GET /health") || line.starts_with(b"GET /metrics") {
        ("200 OK", String::new())
    } else {
        ("404 Not Found", r#"{"detail":"Not Found"}"#.to_owned())
    };
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

async fn complete(connection: &mut TcpStream, body: &[u8], open: &Arc<Open>) -> Result<()> {
    let wanted = wanted(body);
    let usage = memmem::find(body, b"\"continuous_usage_stats\":true").is_some();
    let number = |place: usize| wanted.get(place).and_then(|text| text.parse().ok()).unwrap_or(1);
    match wanted[0].as_str() {
        "paced" => {
            let mut ticks = tokio::time::interval(Duration::from_millis(number(2)));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            connection.write_all(HEAD.as_bytes()).await?;
            for index in 0..number(1) {
                ticks.tick().await;
                connection.write_all(&chunked(&event(index, usage))).await?;
            }
            connection.write_all(&end(number(1), usage)).await?;
        }
        "burst" => {
            connection.write_all(HEAD.as_bytes()).await?;
            for time in 0..number(2) {
                let first = time * number(1);
                let burst: Vec<u8> = (first..first + number(1))
                    .flat_map(|index| chunked(&event(index, usage)))
                    .collect();
                connection.write_all(&burst).await?;
            }
            connection.write_all(&end(number(1) * number(2), usage)).await?;
        }
        "held" => {
            let _open = Counted::new(open);
            connection.write_all(HEAD.as_bytes()).await?;
            connection.write_all(&chunked(&event(0, usage))).await?;
            let mut byte = [0];
            tokio::select! {
                _gone = connection.read(&mut byte) => {}
                () = open.end.notified() => {}
            }
            return Err("a held stream has no end of its own".into());
        }
        _ => connection.write_all(&whole()).await?,
    }
    Ok(())
}

fn wanted(body: &[u8]) -> Vec<String> {
    let start = memmem::find(body, b"\"user\":\"").map_or(body.len(), |at| at + 8);
    let end = memchr::memchr(b'"', &body[start..]).map_or(start, |length| start + length);
    let text = String::from_utf8_lossy(&body[start..end]);
    text.split(':').map(str::to_owned).collect()
}

fn event(index: u64, usage: bool) -> String {
    let word = WORDS[usize::try_from(index).unwrap_or(0) % WORDS.len()];
    let usage = if usage { counts(index + 1) } else { String::new() };
    format!(
        "data: {{\"id\":\"chatcmpl-5f2c9a10b7d34e6f8a01c2d3e4f50617\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\"model\":\"{MODEL}\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{word}\"}},\"logprobs\":null,\"finish_reason\":null,\"token_ids\":null}}]{usage}}}\n\n"
    )
}

fn counts(generated: u64) -> String {
    let total = generated + 9;
    format!(
        ",\"usage\":{{\"prompt_tokens\":9,\"total_tokens\":{total},\"completion_tokens\":{generated},\"completion_tokens_details\":{{\"reasoning_tokens\":0}}}}"
    )
}

/// The end of a stream, with its usage if that was asked for.
fn end(generated: u64, usage: bool) -> Vec<u8> {
    let mut end = Vec::new();
    if usage {
        let usage = counts(generated);
        end.extend(chunked(&format!(
            "data: {{\"id\":\"chatcmpl-5f2c9a10b7d34e6f8a01c2d3e4f50617\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,\"model\":\"{MODEL}\",\"choices\":[]{usage}}}\n\n"
        )));
    }
    end.extend(chunked("data: [DONE]\n\n"));
    end.extend(b"0\r\n\r\n");
    end
}

fn chunked(data: &str) -> Vec<u8> {
    format!("{:x}\r\n{data}\r\n", data.len()).into_bytes()
}

fn whole() -> Vec<u8> {
    let body = format!(
        r#"{{"id":"chatcmpl-5f2c9a10b7d34e6f8a01c2d3e4f50617","object":"chat.completion","created":1764000000,"model":"{MODEL}","choices":[{{"index":0,"message":{{"role":"assistant","content":"pong","refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[],"reasoning":null}},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}}],"service_tier":null,"system_fingerprint":null,"usage":{{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2,"prompt_tokens_details":null}},"prompt_logprobs":null,"kv_transfer_params":null}}"#
    );
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// How long the engine at `address` takes until it has no stream open; none if it has some after `at_most`.
pub(crate) async fn until_none_open(address: SocketAddr, at_most: Duration) -> Result<Option<Duration>> {
    let started = Instant::now();
    let mut connection = TcpStream::connect(address).await?;
    loop {
        let open: u64 = ask(&mut connection, "/open").await?.parse()?;
        if open == 0 {
            return Ok(Some(started.elapsed()));
        }
        if started.elapsed() > at_most {
            return Ok(None);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Has the engine at `address` end what is held, so that what one target has left open is not another's.
pub(crate) async fn end_held(address: SocketAddr) -> Result<()> {
    let mut connection = TcpStream::connect(address).await?;
    // One that has just begun may not listen yet.
    for _ in 0..100 {
        ask(&mut connection, "/end").await?;
        if until_none_open(address, Duration::from_millis(100)).await?.is_some() {
            return Ok(());
        }
    }
    Err("the mock engine did not end what it held".into())
}

/// The mock engine's answer to a question about itself.
async fn ask(connection: &mut TcpStream, path: &str) -> Result<String> {
    let question = format!("GET {path} HTTP/1.1\r\nhost: engine\r\n\r\n");
    connection.write_all(question.as_bytes()).await?;
    let mut input = Vec::new();
    let head = read_until_head(connection, &mut input).await?;
    let head = head.ok_or("the mock engine is gone")?;
    let length = content_length(&input[..head]);
    while input.len() < head + length {
        connection.read_buf(&mut input).await?;
    }
    Ok(str::from_utf8(&input[head..head + length])?.to_owned())
}
