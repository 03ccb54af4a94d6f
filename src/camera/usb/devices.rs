//! Which cameras are connected, read from sysfs without opening any of them.
//!
//! A UVC camera has two nodes, of which only the one with `index` 0 gives
//! pictures; the other gives metadata. A Raspberry Pi has a dozen more nodes
//! that are no cameras but codecs and image processors, so "the first camera"
//! means the first on the USB bus.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{CameraChoice, CameraError};

/// Where the kernel lists video nodes.
pub(super) const SYSFS: &str = "/sys/class/video4linux";

/// A node that may give pictures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoDevice {
    /// N of `/dev/videoN`; another one after the camera was unplugged and plugged in again.
    pub number: u32,
    /// The name the camera gives itself.
    pub name: String,
    /// Where it is plugged in, e.g. `1-1.3:1.0`; stays the same for the same socket.
    pub bus_path: Option<String>,
    /// Whether it is on the USB bus.
    pub is_usb: bool,
}

impl VideoDevice {
    /// The device file.
    pub fn device_file(&self) -> PathBuf {
        PathBuf::from(format!("/dev/video{}", self.number))
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

/// The device that was asked for. One that was open before is found again by its socket,
/// then by its name: its number may now be another camera's.
pub(super) fn find(
    devices: &[VideoDevice],
    choice: &CameraChoice,
    before: Option<&VideoDevice>,
) -> Result<VideoDevice, CameraError> {
    let absent = || CameraError::Absent {
        camera: choice.to_string(),
    };
    if let Some(before) = before {
        let same_name = || devices.iter().filter(|d| d.name == before.name);
        return same_name()
            .find(|d| d.bus_path == before.bus_path)
            .or_else(|| same_name().next())
            .cloned()
            .ok_or_else(absent);
    }
    let found = match choice {
        CameraChoice::First => devices.iter().find(|d| d.is_usb),
        CameraChoice::Number(number) => devices.iter().find(|d| d.number == *number),
        CameraChoice::Name(name) => {
            let wanted = name.to_lowercase();
            devices
                .iter()
                .find(|d| d.name.to_lowercase().contains(&wanted))
        }
    };
    found.cloned().ok_or_else(absent)
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
    Some(VideoDevice {
        number,
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
        for (bus, device) in [("platform", "bcm2835-codec"), ("usb", "1-1.3:1.0")] {
            let bus_folder = root.path().join("bus").join(bus);
            let device_folder = root.path().join("devices").join(device);
            fs::create_dir_all(&bus_folder).unwrap();
            fs::create_dir_all(&device_folder).unwrap();
            symlink(bus_folder, device_folder.join("subsystem")).unwrap();
        }
        for (node, name, index, device) in [
            ("video10", "bcm2835-codec-decode", "0", "bcm2835-codec"),
            ("video11", "HD Webcam: HD Webcam", "1", "1-1.3:1.0"),
            ("video12", "HD Webcam: HD Webcam", "0", "1-1.3:1.0"),
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
}
