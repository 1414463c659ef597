/** The screens on which the console is looked at. */
export const screens = {
  desktop: { width: 1440, height: 900 },
  phone: { width: 390, height: 844 },
} as const;

/** The themes, as the system asks for them. */
export const colorSchemes = ['light', 'dark'] as const;

/** Every combination, with a name. */
export const appearances = Object.entries(screens).flatMap(([screen, viewport]) =>
  colorSchemes.map((colorScheme) => ({ name: screen === 'desktop' ? colorScheme : `${screen}-${colorScheme}`, viewport, colorScheme })),
);
