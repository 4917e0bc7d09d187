//! One HTTP connection that does no more than it must, so that it measures the server.

use anyhow::{Context, bail};
use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    host: String,
    buffer: BytesMut,
    cookie: String,
}

impl Connection {
    pub async fn open(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            host: address.to_owned(),
            buffer: BytesMut::with_capacity(128 * 1024),
            cookie: String::new(),
        })
    }

    pub fn with_cookie(mut self, cookie: &str) -> Self {
        cookie.clone_into(&mut self.cookie);
        self
    }

    pub fn cookie(&self) -> &str {
        &self.cookie
    }

    /// The body of a page that must answer with 200.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Bytes> {
        self.get_encoded(path, "identity").await
    }

    pub async fn get_encoded(&mut self, path: &str, encoding: &str) -> anyhow::Result<Bytes> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept-encoding: {encoding}\r\ncookie: {}\r\n\r\n",
            self.host, self.cookie
        );
        let (head, body) = self.exchange(&request).await?;
        if !head.starts_with("HTTP/1.1 200") {
            bail!("{path} answered {}", head.lines().next().unwrap_or_default());
        }
        Ok(body)
    }

    pub async fn sign_in(&mut self, email: &str, password: &str) -> anyhow::Result<()> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("email", email)
            .append_pair("password", password)
            .finish();
        let request = format!(
            "POST /login HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {1}\r\n\r\n{form}",
            self.host,
            form.len()
        );
        let (head, _) = self.exchange(&request).await?;
        let session = head.lines().find_map(|line| line.strip_prefix("set-cookie: portal="));
        let session = session.and_then(|cookie| cookie.split(';').next()).context("signing in failed")?;
        self.cookie = format!("portal={session}");
        Ok(())
    }

    async fn exchange(&mut self, request: &str) -> anyhow::Result<(String, Bytes)> {
        let head = self.head(request).await?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let Some(length) = length.and_then(|length| length.trim().parse::<usize>().ok()) else {
            return self.chunked(head).await;
        };
        while self.buffer.len() < length {
            self.read().await?;
        }
        Ok((head, self.buffer.split_to(length).freeze()))
    }

    /// Sends a request and reads what comes before the body.
    async fn head(&mut self, request: &str) -> anyhow::Result<String> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        let end = loop {
            if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).into_owned();
        self.buffer.advance(end);
        Ok(head)
    }

    /// Downloads a file, and gives every piece of it to `piece` as it comes.
    pub async fn download(&mut self, path: &str, piece: impl FnMut(&[u8])) -> anyhow::Result<()> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\n\r\n", self.host, self.cookie);
        let head = self.head(&request).await?;
        if !head.starts_with("HTTP/1.1 200") {
            bail!("{path} answered {}", head.lines().next().unwrap_or_default());
        }
        self.pieces(piece).await
    }

    /// A compressed body comes in chunks.
    async fn chunked(&mut self, head: String) -> anyhow::Result<(String, Bytes)> {
        let mut body = BytesMut::new();
        self.pieces(|piece| body.extend_from_slice(piece)).await?;
        Ok((head, body.freeze()))
    }

    async fn pieces(&mut self, mut piece: impl FnMut(&[u8])) -> anyhow::Result<()> {
        loop {
            let line = loop {
                if let Some(end) = memchr::memmem::find(&self.buffer, b"\r\n") {
                    break end;
                }
                self.read().await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.buffer[..line])?, 16)?;
            self.buffer.advance(line + 2);
            while self.buffer.len() < size + 2 {
                self.read().await?;
            }
            piece(&self.buffer.split_to(size));
            self.buffer.advance(2);
            if size == 0 {
                return Ok(());
            }
        }
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the portal closed the connection");
        }
        Ok(())
    }
}
