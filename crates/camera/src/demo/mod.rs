//! The demonstration: people walk up to a doorway and away again.
//!
//! Everything is drawn from a seed and the number of the picture, never from a
//! clock, so that a picture that shows a problem can be drawn again. The people
//! are cut-outs of public-domain photographs ([`cast()`]); strangers come first,
//! for whoever tries the program wants to enrol somebody without waiting.

mod cast;
mod choreography;
mod scene;

use image::RgbImage;

use self::scene::Scene;
use super::pace::Pacer;
use super::{
    CameraError, Delivery, FrameRate, FrameSource, OpenSource, Repeat, SourceDescription,
    SourceOptions,
};
use rollcall_system::stop::StopFlag;

pub use cast::{DemoPerson, cast};

/// Opens [`DemoSource`]s.
#[derive(Debug, Clone, Copy)]
pub struct DemoOpener {
    seed: u64,
    options: SourceOptions,
}

impl DemoOpener {
    /// The demonstration of `seed`.
    pub fn new(seed: u64, options: SourceOptions) -> Self {
        Self { seed, options }
    }
}

impl OpenSource for DemoOpener {
    fn open(&self, stop: &StopFlag) -> Result<Box<dyn FrameSource>, CameraError> {
        let rate = self.options.rate.unwrap_or(FrameRate::DEMO);
        let mut source = DemoSource::new(self.seed, rate, stop.clone())?;
        if self.options.repeat == Repeat::Once {
            source.ends_after = Some(scene::PICTURES_PER_CYCLE);
        }
        Ok(Box::new(source))
    }

    fn comes_back(&self) -> bool {
        false
    }
}

/// Draws one picture after the other; it never ends, unless it was asked for once.
#[derive(Debug)]
pub struct DemoSource {
    scene: Scene,
    next_index: u64,
    /// Pictures after which it ends, if it does.
    ends_after: Option<u64>,
    pacer: Pacer,
}

impl DemoSource {
    /// The demonstration of `seed`, from its beginning.
    ///
    /// # Errors
    /// When a built-in picture does not decode.
    pub fn new(seed: u64, rate: FrameRate, stop: StopFlag) -> Result<Self, CameraError> {
        Ok(Self {
            scene: Scene::new(seed)?,
            next_index: 0,
            ends_after: None,
            pacer: Pacer::new(rate, stop),
        })
    }

    /// Picture number `index`, without waiting.
    pub fn picture(&self, index: u64) -> RgbImage {
        self.scene.render(index)
    }
}

impl FrameSource for DemoSource {
    fn describe(&self) -> SourceDescription {
        SourceDescription {
            name: "demo".to_owned(),
            resolution: Some((scene::WIDTH, scene::HEIGHT)),
            rate: Some(self.pacer.rate()),
        }
    }

    fn next_image(&mut self) -> Result<Delivery, CameraError> {
        if self.ends_after.is_some_and(|end| self.next_index >= end) {
            return Ok(Delivery::End);
        }
        let image = self.picture(self.next_index);
        self.next_index += 1;
        self.pacer.wait();
        Ok(Delivery::Image(image))
    }
}

impl FrameRate {
    /// The rate at which the people of the demonstration walk at their usual pace.
    const DEMO: Self = Self(scene::FRAMES_PER_SECOND);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo(seed: u64) -> DemoSource {
        DemoSource::new(seed, FrameRate::new(240.0).unwrap(), StopFlag::new()).unwrap()
    }

    #[test]
    fn the_same_seed_and_number_give_the_same_picture() {
        let mut played = demo(5);
        let drawn = demo(5);
        for index in 0..3 {
            assert_eq!(
                played.next_image().unwrap(),
                Delivery::Image(drawn.picture(index))
            );
        }
        assert_eq!(demo(5).picture(300), drawn.picture(300));
    }

    #[test]
    fn another_seed_or_number_gives_another_picture() {
        let picture = demo(5).picture(300);
        assert_ne!(demo(6).picture(300), picture);
        assert_ne!(demo(5).picture(301), picture);
    }

    /// Writes pictures for whoever changes the scene and wants to look at it.
    #[test]
    #[ignore = "writes files: DEMO_PICTURES=FOLDER cargo test --lib draw_a_cycle -- --ignored"]
    fn draw_a_cycle() {
        let folder = std::env::var("DEMO_PICTURES").unwrap();
        let demo = demo(1);
        for index in (0..(choreography::CYCLE_SECS * 15.0) as u64).step_by(5) {
            let path = format!("{folder}/{index:04}.png");
            demo.picture(index).save(path).unwrap();
        }
    }
}
