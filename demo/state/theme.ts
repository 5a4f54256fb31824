/** Light or dark: what the system prefers, unless the user chose otherwise (kept in localStorage). */
export type Theme = 'light' | 'dark' | 'system';

const KEY = 'drift.theme';

export function storedTheme(): Theme {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function applyTheme(): void {
  const theme = storedTheme();
  if (theme === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
}

/** Switches to the opposite of what is shown now. */
export function toggleTheme(): void {
  const theme = storedTheme();
  const dark = theme === 'system' ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
  localStorage.setItem(KEY, dark ? 'light' : 'dark');
  applyTheme();
}
