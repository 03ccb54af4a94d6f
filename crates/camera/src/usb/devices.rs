//! Which cameras are connected, read from sysfs without opening any of them.
//!
//! A UVC camera has two nodes, of which only the one with `index` 0 gives
//! pictures; the other gives metadata. A Raspberry Pi has a dozen more nodes
//! that are no cameras but codecs and image processors, so "the first camera"
//! means the first on the USB bus.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::{CameraChoice, CameraError};

/// Where the kernel lists video nodes.
pub(super) const SYSFS: &str = "/sys/class/video4linux";

/// A node that may give pictures.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VideoDevice {
    /// N of `/dev/videoN`; another one after the camera was unplugged and plugged in again.
    pub number: u32,
    /// The name the camera gives itself.
    pub name: String,
    /// Where it is plugged in, e.g. `1-1.3:1.0`; stays the same for the same socket.
    pub bus_path: Option<String>,
    /// The serial number, which cheap cameras leave out or share with their siblings.
    pub serial: Option<String>,
    /// Whether it is on the USB bus.
    pub is_usb: bool,
}

impl VideoDevice {
    /// The device file.
    pub fn device_file(&self) -> PathBuf {
        PathBuf::from(format!("/dev/video{}", self.number))
    }

    /// The socket without the number of the interface: `1-1.3`.
    fn socket(&self) -> Option<&str> {
        let path = self.bus_path.as_deref()?;
        Some(path.split_once(':').map_or(path, |(socket, _)| socket))
    }

    /// How sure it is that this device is the one that was `before`; `None` if it is another.
    fn likeness_to(&self, before: &Self) -> Option<Likeness> {
        if self.name != before.name {
            return None;
        }
        let same_serial = self.serial.is_some() && self.serial == before.serial;
        Some(if same_serial && self.bus_path == before.bus_path {
            Likeness::Certain
        } else if same_serial {
            Likeness::SameSerial
        } else if self.bus_path == before.bus_path {
            Likeness::SameSocket
        } else {
            Likeness::SameName
        })
    }
}

/// What two devices of the same name have in common, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    /// The model only: moved to another socket, or replaced.
    SameName,
    /// Where it is plugged in.
    SameSocket,
    /// The serial number, in another socket.
    SameSerial,
    /// Both.
    Certain,
}

impl fmt::Display for VideoDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.device_file().display())
    }
}

/// All nodes under `sysfs` that may give pictures, by number. A machine without
/// any video driver has no such folder, hence no cameras.
pub(super) fn list_in(sysfs: &Path) -> Vec<VideoDevice> {
    let Ok(entries) = fs::read_dir(sysfs) else {
        return Vec::new();
    };
    let mut devices: Vec<_> = entries
        .flatten()
        .filter_map(|entry| read_node(&entry.path()))
        .collect();
    devices.sort_by_key(|device| device.number);
    devices
}

/// The device that was asked for. One that was open before is found again by its serial
/// number, else by its socket, else by its name: its number may now be another camera's.
pub(super) fn find(
    devices: &[VideoDevice],
    choice: &CameraChoice,
    before: Option<&VideoDevice>,
) -> Result<VideoDevice, CameraError> {
    let found = match before {
        Some(before) => devices
            .iter()
            .filter(|device| may_be(device, choice))
            .filter_map(|device| Some((device.likeness_to(before)?, device)))
            // `max_by_key` keeps the last of equals, and the lowest number is wanted.
            .rev()
            .max_by_key(|(likeness, _)| *likeness)
            .map(|(_, device)| device),
        None => devices.iter().find(|device| match choice {
            CameraChoice::Number(number) => device.number == *number,
            _ => may_be(device, choice),
        }),
    };
    found.cloned().ok_or_else(|| CameraError::Absent {
        camera: choice.to_string(),
    })
}

/// Whether the operator's choice admits this device. A number does not last, so after the
/// first time it admits every camera.
fn may_be(device: &VideoDevice, choice: &CameraChoice) -> bool {
    match choice {
        CameraChoice::First => device.is_usb,
        CameraChoice::Number(_) => true,
        CameraChoice::Name(name) => device.name.to_lowercase().contains(&name.to_lowercase()),
        CameraChoice::Bus(path) => {
            device.bus_path.as_ref() == Some(path) || device.socket() == Some(path)
        }
        CameraChoice::Serial(serial) => device.serial.as_ref() == Some(serial),
    }
}

fn read_node(node: &Path) -> Option<VideoDevice> {
    let number = node
        .file_name()?
        .to_str()?
        .strip_prefix("video")?
        .parse()
        .ok()?;
    let index = fs::read_to_string(node.join("index")).ok()?;
    if index.trim() != "0" {
        return None;
    }
    let name = fs::read_to_string(node.join("name")).unwrap_or_default();
    let device = fs::canonicalize(node.join("device")).ok();
    let bus = fs::canonicalize(node.join("device/subsystem")).ok();
    // The camera's own interface is a child of the USB device, which knows the serial number.
    let serial = device
        .as_deref()
        .and_then(Path::parent)
        .and_then(|usb_device| fs::read_to_string(usb_device.join("serial")).ok())
        .map(|serial| serial.trim().to_owned())
        .filter(|serial| !serial.is_empty());
    Some(VideoDevice {
        number,
        serial,
        name: name.trim().to_owned(),
        bus_path: device.as_deref().and_then(last_part),
        is_usb: bus.as_deref().and_then(last_part).as_deref() == Some("usb"),
    })
}

fn last_part(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A sysfs with a codec, and a camera that has a metadata node.
    fn sysfs() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let devices = [("platform", "bcm2835-codec"), ("usb", "1-1.3/1-1.3:1.0")];
        for (bus, device) in devices {
            let bus_folder = root.path().join("bus").join(bus);
            let device_folder = root.path().join("devices").join(device);
            fs::create_dir_all(&bus_folder).unwrap();
            fs::create_dir_all(&device_folder).unwrap();
            symlink(bus_folder, device_folder.join("subsystem")).unwrap();
        }
        for (node, name, index, device) in [
            ("video10", "bcm2835-codec-decode", "0", "bcm2835-codec"),
            ("video11", "HD Webcam: HD Webcam", "1", "1-1.3/1-1.3:1.0"),
            ("video12", "HD Webcam: HD Webcam", "0", "1-1.3/1-1.3:1.0"),
        ] {
            let folder = root.path().join("class").join(node);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("name"), format!("{name}\n")).unwrap();
            fs::write(folder.join("index"), format!("{index}\n")).unwrap();
            symlink(
                root.path().join("devices").join(device),
                folder.join("device"),
            )
            .unwrap();
        }
        fs::write(root.path().join("devices/1-1.3/serial"), "8A2F\n").unwrap();
        root
    }

    #[test]
    fn metadata_nodes_are_left_out_and_the_bus_is_known() {
        let root = sysfs();
        let devices = list_in(&root.path().join("class"));
        let [codec, camera] = &devices[..] else {
            panic!("{devices:?}");
        };
        assert_eq!((codec.number, codec.is_usb), (10, false));
        let expected = VideoDevice {
            number: 12,
            name: "HD Webcam: HD Webcam".to_owned(),
            bus_path: Some("1-1.3:1.0".to_owned()),
            serial: Some("8A2F".to_owned()),
            is_usb: true,
        };
        assert_eq!(*camera, expected);
        assert_eq!(list_in(&root.path().join("missing")), []);
    }

    fn camera(number: u32, name: &str, bus_path: &str) -> VideoDevice {
        VideoDevice {
            number,
            name: name.to_owned(),
            bus_path: Some(bus_path.to_owned()),
            serial: None,
            is_usb: !bus_path.starts_with("soc"),
        }
    }

    #[test]
    fn a_camera_is_found_by_kind_number_or_part_of_its_name() {
        let devices = [
            camera(0, "codec", "soc"),
            camera(2, "Logitech C270", "1-1"),
            camera(4, "HD Webcam", "1-2"),
        ];
        let number = |choice| find(&devices, &choice, None).map(|d| d.number).ok();
        assert_eq!(number(CameraChoice::First), Some(2));
        assert_eq!(number(CameraChoice::Number(0)), Some(0));
        assert_eq!(number(CameraChoice::Number(1)), None);
        assert_eq!(number(CameraChoice::Name("webcam".to_owned())), Some(4));
        let error = find(&devices, &CameraChoice::Name("Sony".to_owned()), None).unwrap_err();
        assert!(error.to_string().contains("`Sony`"), "{error}");
    }

    #[test]
    fn a_camera_is_found_by_socket_or_serial_number() {
        let mut twin = camera(4, "HD Webcam", "1-2:1.0");
        twin.serial = Some("B".to_owned());
        let devices = [camera(2, "HD Webcam", "1-1:1.0"), twin];
        let number = |choice| find(&devices, &choice, None).map(|d| d.number).ok();
        assert_eq!(number(CameraChoice::Bus("1-2".to_owned())), Some(4));
        assert_eq!(number(CameraChoice::Bus("1-1:1.0".to_owned())), Some(2));
        assert_eq!(number(CameraChoice::Bus("1".to_owned())), None);
        assert_eq!(number(CameraChoice::Serial("B".to_owned())), Some(4));
        assert_eq!(number(CameraChoice::Serial("b".to_owned())), None);
    }

    #[test]
    fn a_camera_is_found_again_under_another_number() {
        let before = camera(0, "HD Webcam", "1-2");
        let choice = CameraChoice::Number(0);
        let again =
            |devices: &[VideoDevice]| find(devices, &choice, Some(&before)).map(|d| d.number).ok();
        let twin = camera(1, "HD Webcam", "1-1");
        assert_eq!(
            again(&[twin.clone(), camera(3, "HD Webcam", "1-2")]),
            Some(3)
        );
        assert_eq!(again(&[twin]), Some(1), "moved to another socket");
        assert_eq!(again(&[camera(0, "Other", "1-2")]), None);
    }

    #[test]
    fn the_serial_number_goes_over_the_socket() {
        let with_serial = |number, bus_path, serial: &str| VideoDevice {
            serial: Some(serial.to_owned()),
            ..camera(number, "HD Webcam", bus_path)
        };
        let before = with_serial(0, "1-1", "A");
        let again = |devices: &[VideoDevice]| {
            find(devices, &CameraChoice::First, Some(&before)).map(|d| d.number)
        };
        let (stranger_in_its_socket, moved) =
            (with_serial(0, "1-1", "B"), with_serial(1, "1-2", "A"));
        assert_eq!(again(&[stranger_in_its_socket, moved]).ok(), Some(1));
        // Cheap cameras all have the same number; then the socket tells them apart.
        let twins = [with_serial(3, "1-2", "A"), with_serial(4, "1-1", "A")];
        assert_eq!(again(&twins).ok(), Some(4));
    }

    #[test]
    fn a_choice_by_socket_stays_with_the_socket() {
        let before = camera(0, "HD Webcam", "1-1");
        let choice = CameraChoice::Bus("1-1".to_owned());
        let twin_elsewhere = [camera(0, "HD Webcam", "1-2")];
        assert!(find(&twin_elsewhere, &choice, Some(&before)).is_err());
    }
}
