//! Reading, overriding and refusing configurations.

use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    let config = Config::parse(text, Path::new("config.toml"))?;
    config.validate()?;
    Ok(config)
}

#[test]
fn the_sample_equals_the_defaults_and_names_every_setting() {
    assert_eq!(parse(SAMPLE).unwrap(), Config::default());
    let sample: toml::Table = SAMPLE.parse().unwrap();
    for (section, key, _) in settings() {
        assert!(
            sample[&section].get(&key).is_some(),
            "{section}.{key} is missing"
        );
    }
}

#[test]
fn mistakes_name_their_line() {
    let unknown = parse("[camera]\nsource = \"usb\"\nsorce = 1\n")
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("line 3") && unknown.contains("sorce"),
        "{unknown}"
    );
    let wrong_type = parse("\n[recognition]\nthreshold = \"high\"\n")
        .unwrap_err()
        .to_string();
    assert!(wrong_type.contains("line 3"), "{wrong_type}");
    let not_toml = parse("[camera\n").unwrap_err().to_string();
    assert!(not_toml.contains("line 1"), "{not_toml}");
}

#[test]
fn values_out_of_range_name_their_key() {
    for (text, key) in [
        (
            "[recognition]\ndetector_size = 100",
            "recognition.detector_size",
        ),
        ("[recognition]\nthreshold = 1.5", "recognition.threshold"),
        ("[recognition]\nthreshold = nan", "recognition.threshold"),
        (
            "[recognition]\nvotes_needed = 2\nvotes_window = 4",
            "recognition.votes_window",
        ),
        (
            "[attendance]\ncooldown_secs = 0",
            "attendance.cooldown_secs",
        ),
        (
            "[attendance]\nday_starts_at = \"25:00\"",
            "attendance.day_starts_at",
        ),
        ("[recognition]\nembedder = \"../x\"", "no name of a model"),
        ("[station]\nname = \"a\\u001Bb\"", "station.name"),
        ("[server]\nlisten = \"4000\"", "server.listen"),
        ("[server]\nlisten = \"0.0.0.0:4000\"", "allow_plain_http"),
        ("[server]\nkey = \"key.pem\"", "server.certificate"),
        (
            "[server]\ncompatible_from = [\"everywhere\"]",
            "server.compatible_from",
        ),
    ] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_station_listens_in_clear_to_this_machine_or_by_its_owners_word() {
    for good in [
        "listen = \"127.0.0.1:4000\"",
        "listen = \"[::1]:4000\"",
        "listen = \"0.0.0.0:4000\"\nallow_plain_http = true",
        "listen = \"0.0.0.0:4000\"\ncertificate = \"c.pem\"\nkey = \"k.pem\"",
    ] {
        let config = parse(&format!("[server]\n{good}\n")).unwrap();
        assert!(config.server.address().is_some(), "{good}");
    }
    assert_eq!(Config::default().server.address(), None);
}

#[test]
fn the_environment_overrides_the_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join(FILE_NAME),
        "[recognition]\nthreshold = 0.5\nmargin = 0.1\n",
    )
    .unwrap();
    let environment = |name: &str| match name {
        "ROLLCALL_RECOGNITION_THRESHOLD" => Some("0.6".to_owned()),
        "ROLLCALL_STATION_NAME" => Some("Main door".to_owned()),
        "ROLLCALL_RECOGNITION_DETECTOR" => Some("centerface".to_owned()),
        _ => None,
    };
    let config = Config::load(None, dir.path(), environment).unwrap();
    assert_eq!(config.recognition.threshold, 0.6);
    assert_eq!(config.recognition.margin, 0.1);
    assert_eq!(config.recognition.detector.as_str(), "centerface");
    assert_eq!(config.station.name, "Main door");
    let bad = |name: &str| (name == "ROLLCALL_RECOGNITION_THREADS").then(|| "many".to_owned());
    let message = Config::load(None, dir.path(), bad).unwrap_err().to_string();
    assert!(
        message.contains("ROLLCALL_RECOGNITION_THREADS=\"many\""),
        "{message}"
    );
}

#[test]
fn a_missing_file_is_an_error_only_if_it_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(
        Config::load(None, dir.path(), |_| None).unwrap(),
        Config::default()
    );
    let asked_for = dir.path().join("mine.toml");
    assert!(Config::load(Some(&asked_for), dir.path(), |_| None).is_err());
}
