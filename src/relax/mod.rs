//! Finding the minimum: FIRE, Newton polish, pressure control.
