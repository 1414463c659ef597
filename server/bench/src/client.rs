//! A client that costs as little as possible: bytes made beforehand go out, answers are read to their end.

use std::{net::SocketAddr, time::Duration};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use crate::{Result, engine::MODEL};

/// One connection, used again for each request.
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
}

/// What an answer was like.
pub(crate) struct Answer {
    /// From the request to the first byte of the answer's body.
    pub(crate) first_byte: Duration,
    /// Events in it, the last included.
    pub(crate) events: u64,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            input: Vec::with_capacity(64 << 10),
        })
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        let started = Instant::now();
        let head = self.send(request).await?;
        let length = length(&self.input[..head]);
        let ends = |input: &[u8]| match length {
            Some(length) => input.len() >= head + length,
            None => input.ends_with(b"0\r\n\r\n"),
        };
        let mut first_byte = None;
        let (mut events, mut counted) = (0, head);
        loop {
            if self.input.len() > head && first_byte.is_none() {
                first_byte = Some(started.elapsed());
            }
            events += memmem::find_iter(&self.input[counted..], b"data: ").count() as u64;
            if ends(&self.input) {
                break;
            }
            // What has been counted need not be kept, but for a key that may be cut in two.
            counted = self.input.len().saturating_sub(5).max(head);
            if length.is_none() {
                self.input.drain(head..counted);
                counted = head;
            }
            self.read().await?;
        }
        Ok(Answer {
            first_byte: first_byte.unwrap_or_default(),
            events,
        })
    }

    /// Sends a request and reads its answer up to the first byte of its body.
    pub(crate) async fn begin(&mut self, request: &[u8]) -> Result<()> {
        let head = self.send(request).await?;
        while self.input.len() == head {
            self.read().await?;
        }
        // A connection that is only held open should not hold a buffer.
        self.input = Vec::new();
        Ok(())
    }

    /// Sends a request and reads up to the end of the answer's head, whose length is returned.
    async fn send(&mut self, request: &[u8]) -> Result<usize> {
        self.input.clear();
        self.stream.write_all(request).await?;
        loop {
            if let Some(end) = memmem::find(&self.input, b"\r\n\r\n") {
                if !self.input.starts_with(b"HTTP/1.1 200") {
                    return Err(String::from_utf8_lossy(&self.input).into_owned().into());
                }
                return Ok(end + 4);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err("the connection was closed in the middle of an answer".into()),
            _ => Ok(()),
        }
    }
}

/// A chat request that the mock engine answers as `user` says; the prompt has `prompt_bytes`.
pub(crate) fn chat_request(key: &str, user: &str, stream: bool, prompt_bytes: usize) -> Vec<u8> {
    let text = "All work and no play makes a dull prompt. ";
    let prompt: String = text.chars().cycle().take(prompt_bytes).collect();
    let body = format!(
        r#"{{"model":"{MODEL}","user":"{user}","max_tokens":1024,"stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
    );
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\naccept: application/json\r\nuser-agent: OpenAI/Python 2.8.0\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn length(head: &[u8]) -> Option<usize> {
    let text = String::from_utf8_lossy(head).to_ascii_lowercase();
    text.lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
}
