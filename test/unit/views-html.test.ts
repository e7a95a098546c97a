import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { html, raw, safeUrl } from '../../views/html.ts';

describe('the html template', () => {
  test('escapes text by default, in content and in attributes', () => {
    const evil = `<img src=x onerror="a('b')">&\``;
    expect(html`<p title="${evil}">${evil}</p>`.value).toBe(
      '<p title="&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;&#96;">&lt;img src=x onerror=&quot;a(&#39;b&#39;)&quot;&gt;&amp;&#96;</p>',
    );
  });

  test('prints nested templates and lists as they are, and nothing for nothing', () => {
    const list = ['a', '<b>'].map((item) => html`<li>${item}</li>`);
    const nothing = [undefined, false, null, ''] as const;
    expect(html`${list}`.value).toBe('<li>a</li><li>&lt;b&gt;</li>');
    expect(html`<p>${nothing}${0}</p>`.value).toBe('<p>0</p>');
    expect(html`${raw('<hr>')}`.value).toBe('<hr>');
  });

  test('no text ever opens or closes an element or an attribute', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.value).not.toMatch(/[<>"'`]/);
      }),
    );
  });

  test('only http(s) addresses become links', () => {
    expect(safeUrl('https://a.example/x')).toBe('https://a.example/x');
    for (const bad of [
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'data:text/html,x',
      '//a.example',
      'http://',
      undefined,
    ]) {
      expect(safeUrl(bad)).toBeUndefined();
    }
  });
});
