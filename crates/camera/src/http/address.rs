//! Addresses of network cameras: `http://NAME:PASSWORD@HOST:PORT/PATH`.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const DEFAULT_PORT: u16 = 80;

/// Where a network camera is, and what it wants to hear before it shows anything.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamAddress {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    /// Path and query, as they are sent.
    target: String,
    /// Name and password with a colon between them.
    credentials: Option<String>,
}

impl StreamAddress {
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// The value of the header `Host`.
    pub(super) fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            DEFAULT_PORT => host,
            port => format!("{host}:{port}"),
        }
    }

    /// The value of the header `Authorization` (RFC 7617).
    pub(super) fn authorization(&self) -> Option<String> {
        let credentials = self.credentials.as_ref()?;
        Some(format!("Basic {}", STANDARD.encode(credentials)))
    }

    /// Where a redirection leads. Name and password are told to nobody else.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, String> {
        if location.contains("://") {
            let mut other: Self = location.parse()?;
            if (&other.host, other.port) == (&self.host, self.port) {
                other.credentials.clone_from(&self.credentials);
            }
            return Ok(other);
        }
        let target = if location.starts_with('/') {
            location.to_owned()
        } else {
            let path = self.target.split('?').next().unwrap_or_default();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{location}")
        };
        Ok(Self {
            target: checked_target(&target)?,
            ..self.clone()
        })
    }
}

impl FromStr for StreamAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let rest = match text.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            Some((scheme, _)) => return Err(format!("{scheme} is not supported, only http is")),
            None => return Err("it does not begin with http://".to_owned()),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (credentials, place) = match authority.rsplit_once('@') {
            Some((credentials, place)) => (Some(unescaped(credentials)?), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let target = target.split('#').next().unwrap_or_default();
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Self {
            host,
            port,
            target: checked_target(&format!("{slash}{target}"))?,
            credentials,
        })
    }
}

fn host_and_port(place: &str) -> Result<(String, u16), String> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or("a ] is missing")?;
            (host, port.strip_prefix(':'))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    if host.is_empty() || !host.chars().all(is_name) {
        return Err(format!("`{host}` is not the name or number of a computer"));
    }
    let port = match port {
        None | Some("") => DEFAULT_PORT,
        Some(port) => port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(|| format!("`{port}` is not a port"))?,
    };
    Ok((host.to_owned(), port))
}

/// A line break or a space would end the line of the request that it is put into.
fn checked_target(target: &str) -> Result<String, String> {
    if target.chars().all(|c| c.is_ascii_graphic()) {
        Ok(target.to_owned())
    } else {
        Err("write spaces and other special characters of the path as %20 and so on".to_owned())
    }
}

/// Undoes the escapes of a URL: a password with an @ is written with %40.
fn unescaped(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escape = if *first == b'%' { tail.get(..2) } else { None };
        let value = escape
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(value) => {
                bytes.push(value);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    let text = String::from_utf8(bytes).map_err(|_| "name and password are not UTF-8")?;
    if text.chars().any(char::is_control) {
        return Err("name and password contain a control character".to_owned());
    }
    Ok(text)
}

impl fmt::Display for StreamAddress {
    /// Without what may be secret: name, password, and the query, in which many cameras
    /// expect them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, query) = match self.target.split_once('?') {
            Some((path, _)) => (path, "?…"),
            None => (self.target.as_str(), ""),
        };
        write!(f, "http://{}{path}{query}", self.authority())
    }
}

impl fmt::Debug for StreamAddress {
    /// As `Display`, for a log may show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamAddress({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> StreamAddress {
        text.parse().unwrap()
    }

    #[test]
    fn the_parts_of_an_address() {
        for (text, host, port, target) in [
            ("http://cam", "cam", 80, "/"),
            ("HTTP://cam/", "cam", 80, "/"),
            (
                "http://cam:8080?action=stream",
                "cam",
                8080,
                "/?action=stream",
            ),
            (
                "http://10.0.0.7:81/a/b.mjpg?x=1#top",
                "10.0.0.7",
                81,
                "/a/b.mjpg?x=1",
            ),
            ("http://[fd00::1]:8/v", "fd00::1", 8, "/v"),
            ("http://me:a@b@cam/v", "cam", 80, "/v"),
        ] {
            let address = parse(text);
            assert_eq!(address.host_and_port(), (host, port), "{text}");
            assert_eq!(address.target(), target, "{text}");
        }
        assert_eq!(parse("http://[::1]:8/").authority(), "[::1]:8");
    }

    #[test]
    fn name_and_password_are_sent_and_never_shown() {
        let address = parse("http://olga:s%40cret%@cam:81/video?user=olga&pwd=hidden");
        // olga:s@cret%
        assert_eq!(address.authorization().unwrap(), "Basic b2xnYTpzQGNyZXQl");
        for shown in [address.to_string(), format!("{address:?}")] {
            assert!(shown.contains("http://cam:81/video?…"), "{shown}");
            assert!(
                !shown.contains("cret") && !shown.contains("hidden"),
                "{shown}"
            );
        }
        assert_eq!(parse("http://cam/").authorization(), None);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "cam/video",
            "https://cam/",
            "http://",
            "http:///video",
            "http://cam:0/",
            "http://cam:port/",
            "http://cam:99999/",
            "http://[::1/",
            "http://ca m/",
            "http://cam/a b",
            "http://cam/a\r\nX: y",
            "http://a%0d%0aX:y@cam/",
        ] {
            assert!(text.parse::<StreamAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_redirection_takes_the_password_along_only_to_the_same_place() {
        let address = parse("http://me:secret@cam:81/a/video?x=1");
        for (location, shown, is_told) in [
            ("/b", "http://cam:81/b", true),
            ("c?d", "http://cam:81/a/c?…", true),
            ("http://cam:81/b", "http://cam:81/b", true),
            ("http://cam/b", "http://cam/b", false),
            ("http://other:81/b", "http://other:81/b", false),
        ] {
            let redirected = address.redirected(location).unwrap();
            assert_eq!(redirected.to_string(), shown);
            assert_eq!(redirected.authorization().is_some(), is_told, "{location}");
        }
        assert!(address.redirected("https://cam/").is_err());
        assert!(address.redirected("/a b").is_err());
    }
}
