//! One request and its answer (RFC 9112), within limits of time and size.
//!
//! HTTP libraries limit the time for a whole answer, and this one is endless; none lets
//! a reader look at a stop flag in between. So the few lines of a request are written
//! here, `httparse` reads the head of the answer, and nothing waits longer than a glance.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use httparse::{EMPTY_HEADER, ParserConfig, Response, Status};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::address::StreamAddress;
use super::body::{Chunk, Framing};
use super::coding::Coding;
use super::trouble::NetworkTrouble;
use rollcall_system::stop::StopFlag;

/// For one address of the host. Short, for a thread in it does not see the stop flag.
const CONNECT_PATIENCE: Duration = Duration::from_secs(2);
/// Addresses of one host that are tried.
const MOST_ADDRESSES: usize = 4;
/// From the request to the end of the answer's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(5);
/// How long is waited before the stop flag is looked at again.
const GLANCE: Duration = Duration::from_millis(100);
/// Longest head of an answer.
const LONGEST_HEAD: usize = 16 << 10;
const MOST_HEADERS: usize = 128;
const MOST_REDIRECTIONS: usize = 3;
/// Bytes that are read at once.
const BLOCK: usize = 64 << 10;

/// What a camera answered, its body still to be read.
#[derive(Debug)]
pub(super) struct Answer {
    /// The media type in lower case without its parameters; empty if there is none.
    pub(super) media_type: String,
    /// The length that was announced. Small cameras announce any.
    pub(super) length: Option<u64>,
    pub(super) body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub(super) struct Body {
    stream: TcpStream,
    framing: Framing,
    coding: Coding,
    /// What was read with the head.
    read_ahead: Vec<u8>,
    block: Vec<u8>,
    /// What is left when the framing is taken off, if it is compressed.
    unframed: Vec<u8>,
}

/// What [`Body::read`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrived {
    Bytes,
    Nothing,
    End,
}

/// Asks for `address`, and follows where it is sent.
pub(super) fn ask(address: &StreamAddress, stop: &StopFlag) -> Result<Answer, NetworkTrouble> {
    let mut address = address.clone();
    for _ in 0..=MOST_REDIRECTIONS {
        let mut stream = connect(&address)?;
        let written = stream.write_all(request(&address).as_bytes());
        written.map_err(NetworkTrouble::Broken)?;
        let (head, read_ahead) = read_head(&mut stream, stop)?;
        if let (300..=399, Some(location)) = (head.code, &head.location) {
            let redirected = address.redirected(location);
            address = redirected.map_err(NetworkTrouble::RedirectedWrongly)?;
            continue;
        }
        head.check(&address)?;
        return Ok(Answer {
            body: Body {
                stream,
                framing: head.framing(),
                coding: Coding::of(&head.coding)?,
                read_ahead,
                block: vec![0; BLOCK],
                unframed: Vec::new(),
            },
            length: head.length,
            media_type: head.media_type,
        });
    }
    Err(NetworkTrouble::RedirectedTooOften)
}

fn connect(address: &StreamAddress) -> Result<TcpStream, NetworkTrouble> {
    let found = address.host_and_port().to_socket_addrs();
    let mut trouble = NetworkTrouble::UnknownHost;
    for socket_address in found.into_iter().flatten().take(MOST_ADDRESSES) {
        match TcpStream::connect_timeout(&socket_address, CONNECT_PATIENCE) {
            Ok(stream) => {
                let limited = stream.set_write_timeout(Some(HEAD_PATIENCE));
                limited.map_err(NetworkTrouble::Unreachable)?;
                return Ok(stream);
            }
            Err(error) => {
                trouble = match error.kind() {
                    io::ErrorKind::ConnectionRefused => NetworkTrouble::Refused,
                    io::ErrorKind::TimedOut => NetworkTrouble::Slow,
                    _ => NetworkTrouble::Unreachable(error),
                }
            }
        }
    }
    Err(trouble)
}

fn request(address: &StreamAddress) -> String {
    let authorization = address.authorization();
    let authorization = authorization.map_or(String::new(), |a| format!("Authorization: {a}\r\n"));
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: rollcall/{}\r\n\
         Accept: multipart/x-mixed-replace, image/jpeg, */*;q=0.5\r\n\
         Accept-Encoding: identity\r\n\
         {authorization}Connection: close\r\n\r\n",
        address.target(),
        address.authority(),
        env!("CARGO_PKG_VERSION"),
    )
}

/// What matters of the head of an answer.
#[derive(Debug)]
struct Head {
    code: u16,
    reason: String,
    media_type: String,
    location: Option<String>,
    authenticate: Vec<String>,
    length: Option<u64>,
    is_chunked: bool,
    /// How the body is compressed, in lower case; empty if it is not.
    coding: String,
}

/// The head, and the bytes of the body that came with it.
fn read_head(stream: &mut TcpStream, stop: &StopFlag) -> Result<(Head, Vec<u8>), NetworkTrouble> {
    let patience_ends = Instant::now() + HEAD_PATIENCE;
    let (mut bytes, mut block) = (Vec::new(), vec![0; LONGEST_HEAD]);
    loop {
        // Whoever stops does not care what this session says at its end.
        if stop.is_requested() || Instant::now() > patience_ends {
            return Err(NetworkTrouble::Slow);
        }
        if !is_readable(stream, GLANCE).map_err(NetworkTrouble::Broken)? {
            continue;
        }
        match read_some(stream, &mut block).map_err(NetworkTrouble::Broken)? {
            0 => return Err(NetworkTrouble::Nonsense("it says nothing".to_owned())),
            read => bytes.extend_from_slice(&block[..read]),
        }
        // What comes first may only announce the answer (RFC 9110, 15.2).
        while let Some((head, length)) = Head::parse(&bytes)? {
            let behind = bytes.split_off(length);
            if !(100..=199).contains(&head.code) {
                return Ok((head, behind));
            }
            bytes = behind;
        }
        if bytes.len() > LONGEST_HEAD {
            let reason = "its head is endless".to_owned();
            return Err(NetworkTrouble::Nonsense(reason));
        }
    }
}

impl Head {
    /// The head and its length; `None` if more bytes are needed.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, NetworkTrouble> {
        if PICTURES_BEGIN.iter().any(|start| bytes.starts_with(start)) {
            return Ok(Some((Self::missing(), 0)));
        }
        // As Shoutcast servers begin, and the cameras that were made after their example.
        let renamed = bytes
            .strip_prefix(b"ICY ")
            .map(|rest| [b"HTTP/1.0 ", rest].concat());
        let added = renamed
            .as_ref()
            .map_or(0, |renamed| renamed.len() - bytes.len());
        let bytes = renamed.as_deref().unwrap_or(bytes);
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut response = Response::new(&mut headers);
        let mut lenient = ParserConfig::default();
        lenient
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .ignore_invalid_headers_in_responses(true);
        let length = match lenient.parse_response(&mut response, bytes) {
            Ok(Status::Complete(length)) => length,
            Ok(Status::Partial) => return Ok(None),
            Err(error) => {
                let start = printable(&String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
                let reason = format!("{error}; it begins with {start:?}");
                return Err(NetworkTrouble::Nonsense(reason));
            }
        };
        let all = |name: &'static str| {
            let named = response.headers.iter();
            named
                .filter(move |header| header.name.eq_ignore_ascii_case(name))
                .map(|header| String::from_utf8_lossy(header.value).trim().to_owned())
        };
        let media_type = all("content-type").next().unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default();
        let head = Self {
            code: response.code.unwrap_or(0),
            reason: printable(response.reason.unwrap_or_default()),
            media_type: printable(&media_type.trim().to_ascii_lowercase()),
            location: all("location").next(),
            authenticate: all("www-authenticate").collect(),
            length: all("content-length").find_map(|length| length.parse().ok()),
            is_chunked: all("transfer-encoding")
                .any(|coding| coding.to_ascii_lowercase().contains("chunked")),
            coding: all("content-encoding")
                .next()
                .map(|coding| printable(&coding.to_ascii_lowercase()))
                .unwrap_or_default(),
        };
        Ok(Some((head, length - added)))
    }

    /// Some cameras begin with their pictures at once, as before HTTP 1.0.
    fn missing() -> Self {
        Self {
            code: 200,
            reason: String::new(),
            media_type: String::new(),
            location: None,
            authenticate: Vec::new(),
            length: None,
            is_chunked: false,
            coding: String::new(),
        }
    }

    fn check(&self, address: &StreamAddress) -> Result<(), NetworkTrouble> {
        let wants_basic = |ways: &String| schemes(ways).any(|way| way == "basic");
        Err(match self.code {
            200..=299 => return Ok(()),
            401 if !self.authenticate.is_empty() && !self.authenticate.iter().any(wants_basic) => {
                NetworkTrouble::OtherAuthenticationWanted
            }
            401 if address.authorization().is_none() => NetworkTrouble::NameWanted,
            401 => NetworkTrouble::NameRefused,
            403 => NetworkTrouble::Forbidden,
            404 | 410 => NetworkTrouble::NotFound,
            code => NetworkTrouble::Status {
                code,
                reason: self.reason.clone(),
            },
        })
    }

    fn framing(&self) -> Framing {
        match self.length {
            _ if self.is_chunked => Framing::Chunked(Chunk::first()),
            // Pictures say themselves where they end.
            _ if self.media_type.starts_with("multipart/") => Framing::ToTheEnd,
            _ if self.media_type.starts_with("image/") => Framing::ToTheEnd,
            Some(length) => Framing::Length(length),
            None => Framing::ToTheEnd,
        }
    }
}

/// What an answer without a head begins with: a boundary, or a picture.
const PICTURES_BEGIN: [&[u8]; 4] = [b"--", b"\r\n--", &[0xff, 0xd8, 0xff], b"\x89PNG"];

/// The ways of authentication that a header names, in lower case. What stands in quotes is
/// a name of the camera's.
fn schemes(header: &str) -> impl Iterator<Item = String> {
    let unquoted: String = header.split('"').step_by(2).collect();
    let challenges: Vec<String> = unquoted
        .split(',')
        .filter_map(|challenge| challenge.split_whitespace().next())
        .map(str::to_ascii_lowercase)
        .collect();
    challenges.into_iter()
}

/// What somebody else's words may put on the screen.
pub(super) fn printable(text: &str) -> String {
    let visible = text.chars().filter(|c| !c.is_control());
    visible.take(60).collect()
}

impl Body {
    /// Waits up to `patience`, but not much longer than a glance, and adds what comes to `into`.
    pub(super) fn read(
        &mut self,
        patience: Duration,
        into: &mut Vec<u8>,
    ) -> Result<Arrived, NetworkTrouble> {
        if self.framing.is_over() {
            return Ok(Arrived::End);
        }
        if !self.read_ahead.is_empty() {
            let read_ahead = std::mem::take(&mut self.read_ahead);
            self.unwrap_into(&read_ahead, into)?;
            return Ok(Arrived::Bytes);
        }
        let readable = is_readable(&self.stream, patience.min(GLANCE));
        if !readable.map_err(NetworkTrouble::Broken)? {
            return Ok(Arrived::Nothing);
        }
        let mut block = std::mem::take(&mut self.block);
        let read = read_some(&mut self.stream, &mut block).map_err(NetworkTrouble::Broken);
        let arrived = match read {
            Ok(0) => Ok(Arrived::End),
            Ok(read) => self
                .unwrap_into(&block[..read], into)
                .map(|()| Arrived::Bytes),
            Err(trouble) => Err(trouble),
        };
        self.block = block;
        arrived
    }

    /// Takes framing and compression off what has come.
    fn unwrap_into(&mut self, piece: &[u8], into: &mut Vec<u8>) -> Result<(), NetworkTrouble> {
        let nonsense = |reason: &str| NetworkTrouble::Nonsense(reason.to_owned());
        if let Coding::None = self.coding {
            return self.framing.unwrap_into(piece, into).map_err(nonsense);
        }
        self.unframed.clear();
        let unwrapped = self.framing.unwrap_into(piece, &mut self.unframed);
        unwrapped.map_err(nonsense)?;
        self.coding.unwrap_into(&self.unframed, into)
    }
}

fn is_readable(stream: &TcpStream, patience: Duration) -> io::Result<bool> {
    let mut waiting = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
    match poll(&mut waiting, patience) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

fn read_some(stream: &mut TcpStream, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
