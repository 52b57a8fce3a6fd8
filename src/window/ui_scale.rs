//! UI scale: the user's magnification of the whole window, on top of the pixel density of the display.

/// The factors that the keys select.
const STEPS: [f32; 12] = [
    0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0,
];

/// A magnification, from [`UiScale::MIN`] to [`UiScale::MAX`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UiScale(f32);

impl Default for UiScale {
    fn default() -> UiScale {
        UiScale(1.0)
    }
}

impl UiScale {
    /// The smallest factor.
    pub const MIN: f32 = 0.5;
    /// The largest factor.
    pub const MAX: f32 = 3.0;

    /// This factor, or the nearest one that is allowed.
    #[must_use]
    pub fn new(factor: f32) -> UiScale {
        match factor.is_finite() {
            true => UiScale(factor.clamp(UiScale::MIN, UiScale::MAX)),
            false => UiScale::default(),
        }
    }

    /// The factor.
    #[must_use]
    pub fn factor(self) -> f32 {
        self.0
    }

    /// The next larger step.
    pub(super) fn larger(self) -> UiScale {
        let mut steps = STEPS.into_iter();
        UiScale(steps.find(|step| *step > self.0).unwrap_or(UiScale::MAX))
    }

    /// The next smaller step.
    pub(super) fn smaller(self) -> UiScale {
        let mut steps = STEPS.into_iter().rev();
        UiScale(steps.find(|step| *step < self.0).unwrap_or(UiScale::MIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_at_the_limits_and_return_to_one() {
        let mut scale = UiScale::default();
        for _ in 0..20 {
            scale = scale.larger();
        }
        assert_eq!(scale.factor(), UiScale::MAX);
        for _ in 0..20 {
            scale = scale.smaller();
        }
        assert_eq!(scale.factor(), UiScale::MIN);
        assert_eq!(UiScale::new(1.05).larger().factor(), 1.1);
        assert_eq!(UiScale::new(1.05).smaller(), UiScale::default());
        assert_eq!(UiScale::new(f32::NAN), UiScale::default());
    }
}
