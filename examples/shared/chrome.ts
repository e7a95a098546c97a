import type { Context } from 'koa';
import type { Content } from './html.ts';
import { type Link, page } from './pages.ts';
import { type Kit, type Visit, answer, localeOf, whoIsThere } from './visit.ts';

/** The pages of a service's own, in its frame: navigation, language, who is signed in. */

export interface Body {
  title: string;
  body: Content;
  wide?: boolean;
  status?: number;
  /** The address that shows this page again, when a form was sent to another. */
  path?: string;
}

/** Makes the two ways to answer: to who is signed in, and to anyone. */
export const createChrome = ({ service }: Kit, links: readonly Link[], openLinks: readonly Link[]) => {
  const { brand } = service;
  const shown = ({ title, body, wide }: Body) => ({
    brand,
    title: `${title} · ${brand.name}`,
    body,
    wide: wide ?? false,
  });
  const show = ({ ctx, locale, person, session }: Visit, body: Body): void =>
    answer(
      ctx,
      page({
        ...shown(body),
        locale,
        path: body.path ?? ctx.path,
        links,
        signedIn: { name: [person.title, person.name].filter(Boolean).join(' '), csrf: session.csrf },
      }),
      body.status,
    );
  return {
    show,
    /** A page that needs no sign-in; who is signed in keeps the navigation. */
    async showAnyone(ctx: Context, body: (locale: 'fr' | 'en') => Body): Promise<void> {
      const visit = await whoIsThere(service, ctx);
      const locale = localeOf(service, ctx);
      if (typeof visit !== 'string') return show(visit, body(locale));
      const anyone = body(locale);
      return answer(ctx, page({ ...shown(anyone), locale, path: ctx.path, links: openLinks }), anyone.status);
    },
  };
};

export type Chrome = ReturnType<typeof createChrome>;
